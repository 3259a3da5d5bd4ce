"""Errors of the Lambda API, by the names of its model."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError


class LambdaError(JsonRESTError):
    """An error with its HTTP status (API reference of Invoke and CreateFunction, "Errors")."""

    def __init__(self, name: str, message: str, status: int = 400, **more: Any) -> None:
        self.code = status
        super().__init__(name, message, **more)


def invalid_parameter(message: str) -> LambdaError:
    return LambdaError("InvalidParameterValueException", message)


def unusable_role(message: str) -> LambdaError:
    return LambdaError("AccessDeniedException", message, 403)


def throttled() -> LambdaError:
    """What a call above the function's reserved concurrency gets."""
    return LambdaError("TooManyRequestsException", "Rate Exceeded.", 429)
