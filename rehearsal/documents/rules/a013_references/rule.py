"""What ``{{ … }}`` names exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.references import Reference, references_in
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.resolving import is_certain, unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Every reference in the steps and in assumeRole names a parameter, a variable, a global or a step's output."""
    content = subject.document.content
    for reference in references_in(content.get("mainSteps"), ("mainSteps",)):
        yield from _reference(subject, reference)
    for reference in references_in(content.get("assumeRole"), ("assumeRole",)):
        if reference.name not in subject.runbook.parameters and not reference.name.startswith("global:"):
            text = f'Parameter "{reference.name}" is not declared.'
            message = f'assumeRole names the parameter "{reference.name}", which is not declared'
            yield Problem(reference.path, message, service=text)


def _reference(subject: Subject, reference: Reference) -> Iterator[Problem]:
    message = unresolved(subject.runbook, reference.name)
    if message is None:
        return
    certain = is_certain(reference)
    text = f'Parameter "{reference.name}" is not declared.' if certain else None
    yield Problem(
        reference.path, message, None if certain else Level.WARNING, at=reference.line_and_column, service=text
    )


RULE = Rule(
    id="A013",
    level=Level.ERROR,
    summary="Every {{ … }} names a parameter, a variable, a global, or an output that its step has.",
    why="The service refuses what is not declared; a misspelt output fails the step that reads it.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-variables.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
