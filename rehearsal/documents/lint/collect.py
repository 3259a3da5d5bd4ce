"""Finding the documents that paths on the command line mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.documents.loading import document_of, read_path
from rehearsal.documents.model import Document, DocumentError
from rehearsal.documents.templates import documents_in, is_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rehearsal.documents.reading.result import Reading

ENDINGS = frozenset({".yaml", ".yml", ".json"})
MAX_FILES = 20_000
_SKIPPED = frozenset({"node_modules", "__pycache__"})
_MARKS = ("schemaVersion", "AWS::SSM::Document")


@dataclass
class Collection:
    """What was found: documents, templates, pattern registries, and files that could not be read."""

    documents: list[Document] = field(default_factory=list)
    templates: list[Reading] = field(default_factory=list)
    registries: list[Reading] = field(default_factory=list)
    failures: list[DocumentError] = field(default_factory=list)


REGISTRY_NAME = "patterns.yaml"


def collect(paths: Iterable[Path]) -> Collection:
    """Read all documents under the paths.

    A file that is named is read as a document whatever it holds; in a folder, files that are neither documents nor
    templates are passed over.
    """
    found = Collection()
    seen: set[Path] = set()
    for path in paths:
        for file in _files(path):
            if file.resolve() not in seen and len(seen) < MAX_FILES:
                seen.add(file.resolve())
                _read(file, found, named=file == path)
    return found


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for entry in sorted(path.iterdir()):
        if entry.name.startswith(".") or entry.name in _SKIPPED or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from _files(entry)
        elif entry.suffix in ENDINGS:
            yield entry


def _read(file: Path, found: Collection, *, named: bool) -> None:
    try:
        reading = read_path(file)
        _sort(file, reading, found, named=named)
    except DocumentError as error:
        if named or _looks_like_a_document(file):
            found.failures.append(error)


def _sort(file: Path, reading: Reading, found: Collection, *, named: bool) -> None:
    if is_template(reading.value):
        found.templates.append(reading)
        for document in documents_in(reading):
            if isinstance(document, Document):
                found.documents.append(document)
            else:
                found.failures.append(document)
    elif file.name == REGISTRY_NAME:
        found.registries.append(reading)
    elif named or _is_document(reading.value):
        found.documents.append(document_of(reading, name=file.stem, path=str(file)))


def _is_document(value: Any) -> bool:
    return isinstance(value, dict) and ("schemaVersion" in value or "mainSteps" in value)


def _looks_like_a_document(file: Path) -> bool:
    try:
        text = file.read_bytes()
    except OSError:
        return False
    return any(mark.encode() in text for mark in _MARKS)
