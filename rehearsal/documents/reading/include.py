"""``!file``: a script that lives in a file of its own, beside the document that embeds it."""

from __future__ import annotations

import os
from pathlib import Path

MAX_INCLUDED = 256 * 1024
"""Bytes of one included file: four times what a whole document may have."""

_ROOT_MARKS = (".git", "rehearsal.toml", "pyproject.toml")


class IncludeError(Exception):
    """A file that cannot be included; the reader adds the place."""


def read_included(document: Path, name: str) -> tuple[Path, str]:
    """The file that ``!file name`` in `document` means, and its text.

    The path handed back is written as the document's own is. The name is relative to the document's folder; the file
    must lie inside the repository that holds it, so that a document from elsewhere cannot read what it likes.
    """
    if not name or "\0" in name:
        raise IncludeError("!file needs the path of a file, relative to this document's folder")
    folder = document.resolve().parent
    target = (folder / name).resolve()
    root = repository_of(folder)
    if not target.is_relative_to(root):
        raise IncludeError(f"!file {name} leads outside of the repository folder {root.name}/")
    try:
        if not target.is_file():
            raise IncludeError(f"!file {name}: there is no such file beside {document.name}")
        data = target.read_bytes() if target.stat().st_size <= MAX_INCLUDED else None
    except OSError as error:
        raise IncludeError(f"!file {name} cannot be read: {error.strerror}") from error
    if data is None:
        raise IncludeError(f"!file {name} has more than {MAX_INCLUDED:,} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise IncludeError(f"!file {name} is not UTF-8 text") from error
    return Path(os.path.normpath(document.parent / name)), text


def repository_of(folder: Path) -> Path:
    """The nearest enclosing folder that looks like a repository's root, else the folder above `folder`."""
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in _ROOT_MARKS):
            return candidate
    return folder.parent
