"""Waits are bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAITING: dict[str, str] = {
    "aws:waitForAwsResourceProperty": "an hour",
    "aws:approve": "a week",
    "aws:pause": "a week",
    "aws:runCommand": "a time that is documented nowhere",
    "aws:executeAutomation": "a time that is documented nowhere",
    "aws:createImage": "a time that is documented nowhere",
    "aws:copyImage": "a time that is documented nowhere",
    "aws:createStack": "a time that is documented nowhere",
    "aws:deleteStack": "a time that is documented nowhere",
}


def check(subject: Subject) -> Iterator[Problem]:
    """A step that waits for something else to happen says how long."""
    for step in subject.runbook.steps:
        if step.action in _WAITING and "timeoutSeconds" not in step.body:
            message = f"without timeoutSeconds {step.action} waits for up to {_WAITING[step.action]}"
            yield Problem((*step.path, "action"), message)


RULE = Rule(
    id="A033",
    level=Level.WARNING,
    summary="A step that waits says for how long.",
    why="A wait that nobody bounded holds the run, its locks and the person at the terminal.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-waitForAwsResourceProperty.html",
    check=check,
    kinds=AUTOMATION,
)
