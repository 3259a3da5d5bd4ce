"""The AWS endpoint of a rehearsal: moto answers what it can, this package adds what it lacks.

`Cloud` is loaded on first use, so that importing `rehearsal.cloud.inventory` alone stays fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.cloud.settings import CloudSettings

if TYPE_CHECKING:
    from rehearsal.cloud.server import Cloud

__all__ = ["Cloud", "CloudSettings"]


def __getattr__(name: str) -> Any:
    if name == "Cloud":
        from rehearsal.cloud.server import Cloud  # noqa: PLC0415 - imports moto, which takes a second

        return Cloud
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
