"""Step names are unique."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """No two steps of the document share a name, those inside loops included."""
    seen: set[str] = set()
    for step in subject.runbook.steps:
        if step.name and step.name in seen:
            text = "Duplicate step names found in mainSteps of the document."
            yield Problem((*step.path, "name"), f'the step name "{step.name}" is taken by a step above', service=text)
        seen.add(step.name)


RULE = Rule(
    id="A005",
    level=Level.ERROR,
    summary="Step names are unique across the document.",
    why="Outputs and jumps name steps; the service refuses a document in which a name has two meanings.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
