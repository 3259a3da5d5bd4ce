"""Loops are bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """A loop with a condition has MaxIterations, its own steps, and no loop within."""
    for step in subject.runbook.steps:
        if step.action != "aws:loop":
            continue
        path = (*step.path, "inputs")
        if "LoopCondition" in step.inputs and "MaxIterations" not in step.inputs:
            yield Problem(
                path, "a loop with a condition needs MaxIterations: 100 are the most, and none are documented"
            )
        if "IteratorDataType" in step.inputs and "Iterators" not in step.inputs:
            yield Problem((*path, "IteratorDataType"), "IteratorDataType goes with Iterators", on_key=True)
        if step.loop is not None:
            yield Problem((*step.path, "action"), "a loop inside a loop is documented nowhere: call a runbook instead")
        if not subject.runbook.inside(step.name):
            yield Problem(path, "the loop has no Steps")


RULE = Rule(
    id="A031",
    level=Level.WARNING,
    summary="A loop is bounded, has steps, and holds no loop.",
    why="What an unbounded or nested loop does is documented nowhere.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-loop.html",
    check=check,
    kinds=AUTOMATION,
)
