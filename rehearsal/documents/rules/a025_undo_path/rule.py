"""Runbooks that change something can take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.effects import Effect, changes_the_world, effect_of, only_looks
from rehearsal.documents.shapes.flow import reachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.runbook import Runbook, Step


def check(subject: Subject) -> Iterator[Problem]:
    """When a change is followed by more than looking, some step leads to an undo on failure and on cancel."""
    runbook = subject.runbook
    mutating = [step for step in runbook.steps if changes_the_world(step)]
    if not mutating or not _more_follows(mutating[0], runbook):
        return
    missing = [
        key for key in ("onFailure", "onCancel") if not any(step.target_of(key) is not None for step in runbook.steps)
    ]
    if missing:
        message = f'"{mutating[0].name}" changes something, and no step has {" or ".join(missing)} leading to an undo'
        yield Problem((*mutating[0].path, "name"), message)


def _more_follows(first: Step, runbook: Runbook) -> bool:
    """Whether steps that may change something can come after the first that does: the run can stop half-way."""
    later = reachable(runbook, first.name, cancel=False) - {first.name}
    after = [step for step in runbook.steps if step.name in later]
    return any(effect_of(step) is not Effect.READ_ONLY and not only_looks(step) for step in after)


RULE = Rule(
    id="A025",
    level=Level.WARNING,
    summary="A runbook that goes on after a change has a way back, on failure and on cancel.",
    why="Stopped in the middle, it leaves behind what nobody has rehearsed.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html",
    check=check,
    kinds=AUTOMATION,
)
