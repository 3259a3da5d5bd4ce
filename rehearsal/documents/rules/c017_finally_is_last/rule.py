"""The final step is the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.command import get
from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject
from rehearsal.documents.runbook import is_true

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """FinallyStep stands on the last step only."""
    for step in subject.command.steps[:-1]:
        for path, inputs in step.sets:
            if is_true(get(inputs, "finallyStep")):
                yield Problem(
                    (*path, "finallyStep"), "finallyStep counts on the last step only: here it is ignored", on_key=True
                )


RULE = Rule(
    id="C017",
    level=Level.WARNING,
    summary="finallyStep stands on the last step.",
    why="On any other step the agent ignores it, and the clean-up is skipped with the rest.",
    source="https://github.com/aws/amazon-ssm-agent/blob/3.3.1142.0/agent/framework/runpluginutil/runpluginutil.go",
    check=check,
    kinds=COMMAND,
)
