"""nextStep on a branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """A branch goes where its choices and its Default say."""
    for step in subject.runbook.steps:
        if step.action == "aws:branch" and "nextStep" in step.body:
            message = "a branch goes where its choices say: write this step as the Default"
            yield Problem((*step.path, "nextStep"), message, on_key=True)


RULE = Rule(
    id="A028",
    level=Level.WARNING,
    summary="A branch has a Default, not a nextStep.",
    why="Whether nextStep counts when no choice matches is documented nowhere.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-branch.html",
    check=check,
    kinds=AUTOMATION,
)
