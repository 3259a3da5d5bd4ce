"""Reading documents from files and from text."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from rehearsal.documents.model import Document, DocumentError, kind_of
from rehearsal.documents.reading.json_text import read_json
from rehearsal.documents.reading.result import MAX_TEXT, Reading
from rehearsal.documents.reading.yaml_text import read_yaml
from rehearsal.documents.source import Place

Format = Literal["YAML", "JSON"]


def load_document(path: str | Path) -> Document:
    """Read a document from a YAML or JSON file; its name is the file's, without the ending.

    ``!file ../scripts/x.sh`` is relative to the document's folder. Raises DocumentError.
    """
    return document_of(read_path(Path(path)), name=Path(path).stem, path=str(path))


def load_text(text: str, *, name: str, format: Format) -> Document:  # noqa: A002 - the API's own word
    """Read a document from text. ``!file`` has nothing to be relative to here and is refused. Raises DocumentError."""
    return document_of(read_text(text, file=name, format=format), name=name, path=None)


def read_path(path: Path) -> Reading:
    """Read any YAML or JSON file, document or not. Raises DocumentError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TEXT + 1)
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror}", Place(str(path), 1, 1)) from error
    if len(data) > MAX_TEXT:
        raise DocumentError(f"more than {MAX_TEXT:,} bytes are not read", Place(str(path), 1, 1))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError("not UTF-8 text", Place(str(path), line, 1)) from error
    if path.suffix == ".json":
        return read_json(text, str(path))
    return read_yaml(text, str(path), path=path)


def read_text(text: str, *, file: str, format: Format) -> Reading:  # noqa: A002 - the API's own word
    """Read YAML or JSON text that stands in no file of its own. Raises DocumentError."""
    return read_json(text, file) if format == "JSON" else read_yaml(text, file)


def document_of(reading: Reading, *, name: str, path: str | None) -> Document:
    """The document that a file or text holds. Raises DocumentError when it holds something else."""
    if not isinstance(reading.value, dict):
        raise reading.error("a document is a mapping with a schemaVersion", 1, 1)
    source = reading.source()
    if reading.intrinsics:
        place = source.place(reading.intrinsics[0])
        raise DocumentError("CloudFormation functions have no meaning outside of a template", place)
    return Document(
        name=name,
        path=path,
        content=reading.value,
        kind=kind_of(reading.value),
        schema_version=str(reading.value.get("schemaVersion", "")),
        source=source,
    )
