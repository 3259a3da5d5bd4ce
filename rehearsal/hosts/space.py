"""Room on disk: asked before something large is made, and recognised when it ran out all the same."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

from rehearsal.hosts.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1024**3
_SIGNS = ("no space left on device", "not enough free space", "have enough free space", "disk quota exceeded")


def require(folder: Path, needed: int, purpose: str) -> None:
    """Raise ImageError unless the file system of `folder` has `needed` bytes free; `purpose` completes "to …"."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise ImageError(full(str(folder), purpose, needed, free))


def full(folder: str, purpose: str, needed: int, free: int | None = None) -> str:
    """Word the error of a disk that is full; `purpose` completes "to …"."""
    has = "" if free is None else f", and has {free / GIB:.1f} GiB"
    return (
        f"the disk of {folder} is too full to {purpose}: that needs about {needed / GIB:.1f} GiB{has}. "
        "Free some space there and run the command again; nothing half-made was left behind."
    )


def ran_out(error: BaseException | str) -> bool:
    """Say whether an error, or the output of a command that failed, comes of a full disk."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return True
    return any(sign in str(error).lower() for sign in _SIGNS)
