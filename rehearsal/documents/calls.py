"""Which documents call which: the reference graph of a library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.documents.command import CommandDocument, get
from rehearsal.documents.model import RESERVED_PREFIXES, Document, DocumentKind, Intrinsic
from rehearsal.documents.references import has_reference
from rehearsal.documents.runbook import Runbook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.library import Library
    from rehearsal.documents.source import Path


@dataclass(frozen=True)
class Call:
    """One step that calls a document by a name that is known. `path` is that of the inputs which say so."""

    document: Document
    step: str
    name: str
    kind: DocumentKind
    path: Path
    key: str
    parameters_key: str
    parameters: Any
    has_parameters: bool

    @property
    def is_awss_own(self) -> bool:
        """Whether the called document is one that AWS installs."""
        return self.name.lower().startswith(RESERVED_PREFIXES)


_ACTIONS = {
    "aws:runCommand": (DocumentKind.COMMAND, "Parameters"),
    "aws:executeAutomation": (DocumentKind.AUTOMATION, "RuntimeParameters"),
}


def calls_of(library: Library) -> Iterator[Call]:
    """Every call from one document to another whose name stands in the document."""
    for document in library.documents:
        if document.kind is DocumentKind.AUTOMATION:
            yield from _of_runbook(document)
        elif document.kind is DocumentKind.COMMAND:
            yield from _of_command(document)


def _of_runbook(document: Document) -> Iterator[Call]:
    for step in Runbook(document).steps:
        kind, key = _ACTIONS.get(step.action, (None, ""))
        name = step.inputs.get("DocumentName")
        if kind is not None and isinstance(name, str) and _is_name(name):
            given = step.inputs.get(key, {})
            path = (*step.path, "inputs")
            yield Call(document, step.name, name, kind, path, "DocumentName", key, given, key in step.inputs)


def _of_command(document: Document) -> Iterator[Call]:
    for step in CommandDocument(document).steps:
        if step.action != "aws:runDocument":
            continue
        for path, inputs in step.sets:
            name = get(inputs, "documentPath")
            if get(inputs, "documentType") == "SSMDocument" and isinstance(name, str) and _is_name(name):
                given = get(inputs, "documentParameters")
                key = "documentParameters"
                yield Call(
                    document, step.name, name, DocumentKind.COMMAND, path, "documentPath", key, given, given is not None
                )


def _is_name(value: str) -> bool:
    """A plain name: no reference, no ARN, no version behind a colon."""
    return not isinstance(value, Intrinsic) and not has_reference(value) and ":" not in value
