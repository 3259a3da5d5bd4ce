"""Outputs that are read of called documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.calls import calls_of
from rehearsal.documents.model import Document, DocumentKind
from rehearsal.documents.references import Reference, references_in
from rehearsal.documents.rule import Level, LibraryProblem, LibraryRule, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.library import Library


def check(library: Library) -> Iterator[LibraryProblem]:
    """Where a step's Output is read, the runbook that it starts has outputs."""
    for call in calls_of(library):
        called = library.by_name.get(call.name)
        if called is None or called.kind is not DocumentKind.AUTOMATION or called.content.get("outputs"):
            continue
        for reference in _reads(call.document, call.step):
            message = f'"{call.name}" declares no outputs, so there is nothing to read here'
            yield LibraryProblem(call.document, Problem(reference.path, message, at=reference.line_and_column))


def _reads(document: Document, step: str) -> Iterator[Reference]:
    for reference in references_in(document.content.get("mainSteps"), ("mainSteps",)):
        if reference.name == f"{step}.Output":
            yield reference


RULE = LibraryRule(
    id="L009",
    level=Level.ERROR,
    summary="A runbook whose output is read declares outputs.",
    why="The reader gets nothing, and fails after the called runbook has done its work.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeAutomation.html",
    check=check,
)
