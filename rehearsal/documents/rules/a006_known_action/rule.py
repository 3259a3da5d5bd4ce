"""Actions exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.actions import ACTIONS, INTERNAL
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Every step's action is one that Automation has."""
    for step in subject.runbook.steps:
        if not step.action or step.action in ACTIONS:
            continue
        message = f'Automation has no action "{step.action}"{did_you_mean(step.action, ACTIONS)}'
        if subject.document.is_awss_own or step.action in INTERNAL:
            yield Problem(
                (*step.path, "action"), f"{message} (AWS's own documents may use internal ones)", Level.WARNING
            )
        else:
            yield Problem((*step.path, "action"), message, service=f"Unknown action: {step.action}")


RULE = Rule(
    id="A006",
    level=Level.ERROR,
    summary="Every step's action is one that Automation has.",
    why="The service refuses a document with an unknown action.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
