"""Files on their way into a container: tar archives made in memory."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class File:
    """A file's bytes and permissions; it will belong to root."""

    content: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


Entry = File | Link


def text(content: str, mode: int = 0o644) -> File:
    """Return a text file."""
    return File(content.encode(), mode)


def folder(source: Path, target: str) -> dict[str, Entry]:
    """Return every file below `source`, to be put below the absolute path `target`; byte code is left out."""
    entries: dict[str, Entry] = {}
    for path in sorted(source.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            executable = path.stat().st_mode & 0o111
            name = f"{target}/{path.relative_to(source).as_posix()}"
            entries[name] = File(path.read_bytes(), 0o755 if executable else 0o644)
    return entries


def pack(entries: Mapping[str, Entry]) -> bytes:
    """Return a tar archive, to be unpacked at `/`, of entries by absolute path; folders on the way get mode 0755.

    The same entries give the same bytes, so that a digest of them says whether anything changed.
    """
    buffer = io.BytesIO()
    made: set[PurePosixPath] = set()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in sorted(entries):
            path = PurePosixPath(name.lstrip("/"))
            for parent in reversed(path.parents[:-1]):
                if parent not in made:
                    made.add(parent)
                    info = tarfile.TarInfo(str(parent))
                    info.type = tarfile.DIRTYPE
                    info.mode = 0o755
                    tar.addfile(info)
            _add(tar, str(path), entries[name])
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, entry: Entry) -> None:
    info = tarfile.TarInfo(name)
    if isinstance(entry, Link):
        info.type = tarfile.SYMTYPE
        info.linkname = entry.target
        tar.addfile(info)
        return
    info.size = len(entry.content)
    info.mode = entry.mode
    tar.addfile(info, io.BytesIO(entry.content))
