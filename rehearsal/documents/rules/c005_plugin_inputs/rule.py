"""Inputs of plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.inputs import input_problems
from rehearsal.documents.shapes.plugins import PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Required inputs are there, none is unknown, each has its type."""
    for step in subject.command.steps:
        shape = PLUGINS.get(step.action)
        if shape is not None:
            for path, inputs in step.sets:
                yield from input_problems(dict(inputs), shape, path, step.action)


RULE = Rule(
    id="C005",
    level=Level.ERROR,
    summary="Each plugin gets the inputs that it needs, and none that it does not have.",
    why="The agent skips unknown keys in silence: `commands` for `runCommand` is an empty script that succeeds.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html",
    check=check,
    kinds=COMMAND,
)
