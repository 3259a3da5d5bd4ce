"""Jumps lead to steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS = {"failure": "onFailure", "cancel": "onCancel"}


def check(subject: Subject) -> Iterator[Problem]:
    """Every nextStep, onFailure, onCancel and branch target is a step of the document."""
    names = subject.runbook.by_name
    for step in subject.runbook.steps:
        for edge in step.edges():
            if edge.target in names or edge.reason == "continue":
                continue
            key = _WORDS.get(edge.reason, "nextStep")
            message = f'there is no step "{edge.target}"{did_you_mean(edge.target, names)}'
            yield Problem(edge.path, message, service=f'Unknown step name: "{edge.target}" in {key}')
        if step.is_end and isinstance(step.body.get("nextStep"), str) and step.body["nextStep"] not in names:
            target = step.body["nextStep"]
            yield Problem((*step.path, "nextStep"), f'there is no step "{target}"{did_you_mean(target, names)}')


RULE = Rule(
    id="A008",
    level=Level.ERROR,
    summary="Every nextStep, onFailure, onCancel and branch target names a step of the document.",
    why="The service refuses the document; after a rename this is the jump that was forgotten.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-branch-condition.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
