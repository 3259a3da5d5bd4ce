"""isEnd and nextStep exclude each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """No step has both ``isEnd: true`` and nextStep."""
    for step in subject.runbook.steps:
        if step.is_end and "nextStep" in step.body:
            text = '"isEnd == true" and nextStep should not exist in same step.'
            yield Problem((*step.path, "nextStep"), "the step ends the run, so nextStep has no meaning", service=text)


RULE = Rule(
    id="A009",
    level=Level.ERROR,
    summary="A step with isEnd has no nextStep.",
    why="The service refuses a step that both ends the run and goes on.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
