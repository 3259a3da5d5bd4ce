"""Inputs of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.action_inputs import ACTION_INPUTS
from rehearsal.documents.shapes.inputs import input_problems

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Required inputs are there, none is unknown, each has its type and keeps its limits."""
    for step in subject.runbook.steps:
        shape = ACTION_INPUTS.get(step.action)
        if shape is not None:
            yield from input_problems(step.body.get("inputs", {}), shape, (*step.path, "inputs"), step.action)


RULE = Rule(
    id="A007",
    level=Level.ERROR,
    summary="Each action gets the inputs that it needs, and none that it does not have.",
    why="The service registers a document with a misspelt or missing input; the step fails when it runs.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html",
    check=check,
    kinds=AUTOMATION,
)
