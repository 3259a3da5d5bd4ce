"""Control flow stands in inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_READ_FROM_INPUTS = frozenset({"onFailure", "onSuccess", "finallyStep", "timeoutSeconds"})
_NEVER_READ = frozenset({"isEnd", "nextStep", "isCritical", "onCancel", "maxAttempts"})


def check(subject: Subject) -> Iterator[Problem]:
    """No control-flow key stands beside inputs, where the agent never looks."""
    for step in subject.command.steps:
        for key in step.body:
            if key in _READ_FROM_INPUTS:
                yield Problem((*step.path, key), f"the agent ignores {key} here: write it inside inputs", on_key=True)
            elif key in _NEVER_READ and "action" in step.body:
                yield Problem((*step.path, key), f"the agent knows no {key}: it is ignored", on_key=True)


RULE = Rule(
    id="C006",
    level=Level.WARNING,
    summary="onFailure, onSuccess, finallyStep and timeoutSeconds stand inside inputs.",
    why="The agent reads them from inputs only: beside inputs, the step that fails does not stop the next one.",
    source="https://github.com/aws/amazon-ssm-agent/blob/3.3.1142.0/agent/framework/runpluginutil/runpluginutil.go",
    check=check,
    kinds=COMMAND,
)
