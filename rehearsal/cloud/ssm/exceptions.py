"""Errors of the SSM API, by the names that botocore models."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class SsmError(ServiceException):  # type: ignore[misc,unused-ignore] # moto publishes no types
    """A modelled error: `SsmError("InvalidDocument", "…")`. moto writes it in the wire format of the request."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def validation_error(message: str) -> SsmError:
    """A ValidationException, which every SSM operation may answer."""
    return SsmError("ValidationException", message)
