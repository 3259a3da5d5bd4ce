"""NextToken, as opaque as AWS's and as strict."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, TypeVar

from rehearsal.cloud.ssm.exceptions import SsmError

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_PREFIX = b"after:"
_MAX_DIGITS = 9


def page(items: Sequence[T], request: dict[str, Any], default_size: int = 50) -> tuple[list[T], str | None]:
    """One page of `items` by the request's MaxResults and NextToken. Raises InvalidNextToken."""
    start = _position(request.get("NextToken"))
    if start > len(items):
        raise _invalid()
    end = start + int(request.get("MaxResults") or default_size)
    token = base64.urlsafe_b64encode(_PREFIX + str(end).encode()).decode() if end < len(items) else None
    return list(items[start:end]), token


def _position(token: str | None) -> int:
    if not token:
        return 0
    try:
        decoded = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise _invalid() from error
    digits = decoded.removeprefix(_PREFIX)
    if not decoded.startswith(_PREFIX) or not digits.isdigit() or len(digits) > _MAX_DIGITS:
        raise _invalid()
    return int(digits)


def _invalid() -> SsmError:
    return SsmError("InvalidNextToken", "The specified token isn't valid.")
