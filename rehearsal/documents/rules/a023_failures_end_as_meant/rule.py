"""How failures end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Combinations of onFailure, isCritical and isEnd whose outcome is not what it looks like."""
    for step in subject.runbook.steps:
        failure = step.body.get("onFailure")
        target = step.target_of("onFailure")
        if step.is_end and (target is not None or failure == "Continue"):
            message = (
                "whether onFailure or isEnd wins when this step fails is documented nowhere: end in a step of its own"
            )
            yield Problem((*step.path, "onFailure"), message)
        elif target is not None and "isCritical" not in step.body:
            message = (
                f'when this step fails the run ends as Failed even if "{target}" makes it good: '
                "write isCritical: true if that is meant, false if not"
            )
            yield Problem((*step.path, "onFailure"), message)
        elif failure in (None, "Abort") and "isCritical" in step.body and not step.is_critical:
            message = "the run stops when this step fails, and what it ends as is not documented for isCritical: false"
            yield Problem((*step.path, "isCritical"), message)


RULE = Rule(
    id="A023",
    level=Level.WARNING,
    summary="onFailure, isCritical and isEnd say together how a failure ends.",
    why="A recovery that works still leaves a failed run unless isCritical says otherwise, and wakes someone.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-branch-condition.html",
    check=check,
    kinds=AUTOMATION,
)
