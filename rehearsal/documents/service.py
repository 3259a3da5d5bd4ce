"""What CreateDocument itself says to a document: the checker's rules, narrowed to those that the service enforces.

Codes: API reference, CreateDocument, "Errors". Texts: as observed in public reports of refused documents.
"""

from __future__ import annotations

import json

from rehearsal.documents.loading import Format, document_of, read_text
from rehearsal.documents.model import Document, DocumentError, DocumentKind
from rehearsal.documents.registry import document_rules
from rehearsal.documents.rule import Subject
from rehearsal.documents.source import Source

MAX_CONTENT = 64 * 1024
"""Bytes of a document's content (API reference, CreateDocument, Content)."""

_VERSIONS: dict[str, tuple[str, ...]] = {
    "Automation": ("0.3",),
    "Command": ("1.2", "2.0", "2.2"),
    "Session": ("1.0",),
    "Policy": ("2.0",),
}
_FREE_FORM = frozenset({"ChangeCalendar", "ApplicationConfiguration", "ApplicationConfigurationSchema", "Package"})
"""Types whose content is no schema document of this kind: only that it is not empty can be said."""


class ServiceRejection(Exception):  # noqa: N818 - the seam's name: an answer, not a fault of ours
    """CreateDocument refuses the document: `code` is the error's name on the wire, `message` its text."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def validate_for_service(
    text: str,
    *,
    format: str = "JSON",  # noqa: A002 - the API's own word
    document_type: str | None = "Command",
    name: str = "document",
) -> Document:
    """Read a document as CreateDocument and UpdateDocument would, or raise ServiceRejection with what they answer.

    `format` is DocumentFormat (JSON, YAML or TEXT), `document_type` DocumentType; both default as in the API.
    """
    free_form = format == "TEXT" or document_type in _FREE_FORM
    if free_form or format == "YAML":
        _check_size(text)
    if free_form:
        return _free_form(text, name, document_type or "Command")
    document = _read(text, "YAML" if format == "YAML" else "JSON", name)
    _check_size(compact(document, text))
    _check_content(document, document_type or "Command")
    return document


def check_for_service(document: Document) -> None:
    """Raise ServiceRejection where CreateDocument would refuse a document that has been read, as what it looks like.

    Its size is that of its content without layout, with the files that it includes in their places.
    """
    _check_size(compact(document))
    _check_content(document, str(document.kind))


def compact(document: Document, text: str | None = None) -> str:
    """The document as JSON without layout, or its text where that is shorter.

    AWS publishes documents of its own that are over 64 KB with their indentation and under it without.
    """
    packed = json.dumps(document.content, separators=(",", ":"), ensure_ascii=False)
    return packed if text is None else min(text, packed, key=len)


def _check_size(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_CONTENT:
        message = f"The size limit of a document is 64 KB. This one has {size} bytes."
        raise ServiceRejection("MaxDocumentSizeExceeded", message)


def _free_form(text: str, name: str, document_type: str) -> Document:
    """A document whose content is not for Systems Manager to run."""
    if not text.strip():
        raise ServiceRejection("InvalidDocumentContent", "The content of the document is empty.")
    kind = DocumentKind.PACKAGE if document_type == "Package" else DocumentKind.OTHER
    return Document(name=name, path=None, content={}, kind=kind, schema_version="", source=Source(name, text))


def _read(text: str, format: Format, name: str) -> Document:  # noqa: A002 - the API's own word
    try:
        reading = read_text(text, file=name, format=format)
        return document_of(reading, name=name, path=None)
    except DocumentError as error:
        where = f"at Line: {error.place.line}, Column: {error.place.column}"
        message = f"{format} not well-formed. {where}: {error.message}"
        raise ServiceRejection("InvalidDocumentContent", message) from error


def _check_content(document: Document, document_type: str) -> None:
    _check_version(document, document_type)
    _check_rules(document)


def _check_version(document: Document, document_type: str) -> None:
    allowed = _VERSIONS.get(document_type)
    version = document.content.get("schemaVersion")
    if allowed is None or version in allowed:
        return
    if version is None:
        raise ServiceRejection("InvalidDocumentContent", 'Missing "schemaVersion" in the document.')
    supported = ", ".join(sorted(allowed))
    message = f"The schemaVersion {version!r} is not supported for documents of type {document_type}: {supported}."
    raise ServiceRejection("InvalidDocumentSchemaVersion", message)


def _check_rules(document: Document) -> None:
    subject = Subject(document)
    for rule in document_rules():
        if not rule.enforced or document.kind not in rule.kinds:
            continue
        for problem in rule.check(subject):
            if problem.service is not None:
                raise ServiceRejection("InvalidDocumentContent", problem.service)
