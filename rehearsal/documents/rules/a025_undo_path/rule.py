"""Runbooks that change something can take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.effects import changes_the_world

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """When steps follow a change, some step leads to an undo on failure and on cancel."""
    runbook = subject.runbook
    mutating = [step for step in runbook.steps if changes_the_world(step)]
    if not mutating or mutating[0] is runbook.steps[-1]:
        return
    missing = [
        key for key in ("onFailure", "onCancel") if not any(step.target_of(key) is not None for step in runbook.steps)
    ]
    if missing:
        message = f'"{mutating[0].name}" changes something, and no step has {" or ".join(missing)} leading to an undo'
        yield Problem((*mutating[0].path, "name"), message)


RULE = Rule(
    id="A025",
    level=Level.WARNING,
    summary="A runbook that goes on after a change has a way back, on failure and on cancel.",
    why="Stopped in the middle, it leaves behind what nobody has rehearsed.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html",
    check=check,
    kinds=AUTOMATION,
)
