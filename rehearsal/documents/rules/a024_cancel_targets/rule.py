"""Where a cancelled run may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORBIDDEN = frozenset(
    f"aws:{name}"
    for name in (
        "approve",
        "copyImage",
        "createImage",
        "createStack",
        "createTags",
        "loop",
        "pause",
        "runInstances",
        "sleep",
    )
)
_WITHOUT = frozenset({"aws:loop", "aws:updateVariable"})


def check(subject: Subject) -> Iterator[Problem]:
    """OnCancel leads to actions that may run while a run is cancelled, and stands on steps that may have it."""
    for step in subject.runbook.steps:
        target = subject.runbook.by_name.get(step.target_of("onCancel") or "")
        if target is not None and target.action in _FORBIDDEN:
            message = f'a cancelled run may not go on with {target.action}, which "{target.name}" is'
            yield Problem((*step.path, "onCancel"), message)
        if "onCancel" in step.body and step.action in _WITHOUT:
            yield Problem((*step.path, "onCancel"), f"{step.action} does not support onCancel", on_key=True)


RULE = Rule(
    id="A024",
    level=Level.ERROR,
    summary="onCancel leads to an action that a cancelled run may take.",
    why="A cancelled run has two minutes and may not wait, ask or create: the undo does not happen.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html",
    check=check,
    kinds=AUTOMATION,
)
