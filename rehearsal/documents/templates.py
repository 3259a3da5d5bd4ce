"""Documents that stand in a CloudFormation template, as AWS::SSM::Document resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.documents.loading import read_text
from rehearsal.documents.model import Document, DocumentError, Intrinsic, kind_of
from rehearsal.documents.reading.intrinsics import without_intrinsics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.documents.reading.result import Reading
    from rehearsal.documents.source import Path

DOCUMENT_TYPE = "AWS::SSM::Document"


def is_template(value: Any) -> bool:
    """Whether a YAML or JSON file is a CloudFormation template."""
    return isinstance(value, dict) and isinstance(value.get("Resources"), dict) and "schemaVersion" not in value


def documents_in(reading: Reading) -> Iterator[Document | DocumentError]:
    """Each document of a template, or what kept it from being read."""
    for logical_id, resource in reading.value["Resources"].items():
        if not isinstance(resource, dict) or resource.get("Type") != DOCUMENT_TYPE:
            continue
        properties = resource.get("Properties")
        if isinstance(properties, dict) and "Content" in properties:
            document = _document(reading, logical_id, properties)
            if document is not None:
                yield document


def _document(reading: Reading, logical_id: str, properties: Mapping[str, Any]) -> Document | DocumentError | None:
    name = properties.get("Name")
    name = name if isinstance(name, str) else _text_of(without_intrinsics(name)) or logical_id
    path: Path = ("Resources", logical_id, "Properties", "Content")
    content = without_intrinsics(properties["Content"])
    if isinstance(content, Intrinsic):
        return None  # only a deployment knows what it is
    if isinstance(content, str):
        return _from_text(reading, content, name, path, properties)
    if not isinstance(content, dict):
        line, column = reading.values.get(path, (1, 1))
        return reading.error(f"the Content of {name} is no mapping", line, column)
    return Document(
        name=name,
        path=reading.file,
        content=content,
        kind=kind_of(content),
        schema_version=str(content.get("schemaVersion", "")),
        source=reading.source(path),
    )


def _from_text(
    reading: Reading, text: str, name: str, path: Path, properties: Mapping[str, Any]
) -> Document | DocumentError:
    """Content given as one text: its findings stand at the template's own Content."""
    written = properties.get("DocumentFormat", "JSON")
    line, column = reading.values.get(path, (1, 1))
    try:
        inner = read_text(text, file=reading.file, format="YAML" if written == "YAML" else "JSON")
    except DocumentError as error:
        return reading.error(f"the Content of {name}: {error.message}", line, column)
    if not isinstance(inner.value, dict):
        return reading.error(f"the Content of {name} is no mapping", line, column)
    inner.values = {(): (line, column)}
    inner.keys, inner.origins, inner.aliases, inner.text = {}, {}, {}, reading.text
    return Document(
        name=name,
        path=reading.file,
        content=inner.value,
        kind=kind_of(inner.value),
        schema_version=str(inner.value.get("schemaVersion", "")),
        source=inner.source(),
    )


def _text_of(value: Any) -> str | None:
    return str(value) if isinstance(value, str) and value else None
