"""Steps that nothing leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.flow import reachable

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Every step can be reached from the first one, on some way."""
    runbook = subject.runbook
    if not runbook.top:
        return
    reached = reachable(runbook, runbook.top[0].name)
    for step in runbook.steps:
        if step.name and step.name not in reached and (step.loop is None or step.loop in reached):
            yield Problem((*step.path, "name"), f'nothing leads to the step "{step.name}": it never runs')


RULE = Rule(
    id="A010",
    level=Level.WARNING,
    summary="Every step can be reached.",
    why="A step that nothing leads to is usually a check or an undo that was meant to run.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-branch-condition.html",
    check=check,
    kinds=AUTOMATION,
)
