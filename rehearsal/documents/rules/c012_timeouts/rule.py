"""Timeouts of scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.command import POWERSHELL, SHELL, get
from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.inputs import integer

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHORTEST, _LONGEST = 5, 172_800


def check(subject: Subject) -> Iterator[Problem]:
    """TimeoutSeconds within what the agent takes."""
    for step in subject.command.steps:
        if step.action not in {SHELL, POWERSHELL}:
            continue
        for path, inputs in step.sets:
            if get(inputs, "timeoutSeconds") is None:
                message = f'without timeoutSeconds "{step.name}" may take an hour'
                yield Problem(path, message, Level.WARNING)
            for key, value in inputs.items():
                seconds = integer(value) if key.lower() == "timeoutseconds" else None
                if seconds is not None and not _SHORTEST <= seconds <= _LONGEST:
                    message = f"the agent takes {_SHORTEST} to {_LONGEST:,} seconds and makes 3,600 of {seconds:,}"
                    yield Problem((*path, key), message)


RULE = Rule(
    id="C012",
    level=Level.ERROR,
    summary="timeoutSeconds of a script is between 5 and 172,800.",
    why="Anything else counts as 3,600: a timeout of 2 seconds becomes an hour.",
    source="https://github.com/aws/amazon-ssm-agent/blob/3.3.1142.0/agent/plugins/pluginutil/pluginutil.go",
    check=check,
    kinds=COMMAND,
)
