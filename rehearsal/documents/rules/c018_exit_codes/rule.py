"""Exit codes that mean something to the agent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXIT = re.compile(r"(?:^|[;&|{(]|\bthen|\bdo|\belse)\s*exit\s+(137|168|169|194)\b")
_MEANING = {
    "137": "that the step timed out",
    "168": "success, with all later steps skipped",
    "169": "failure, with all later steps skipped",
    "194": "to reboot the host and to run this same step again",
}


def check(subject: Subject) -> Iterator[Problem]:
    """No script exits with a code that the agent takes for a signal; asking for a reboot is one to confirm."""
    for script in subject.command.shell_scripts:
        for number, line in enumerate(script.text.split("\n"), start=1):
            match = None if line.lstrip().startswith("#") else _EXIT.search(line)
            if match is not None:
                path, at = script.at(number)
                yield Problem(
                    path, f"exit {match[1]} tells the agent {_MEANING[match[1]]}", at=(at, match.start(1) + 1)
                )


RULE = Rule(
    id="C018",
    level=Level.WARNING,
    summary="Scripts do not exit with 137, 168, 169 or 194 by chance.",
    why="The agent gives these codes a meaning: 194 reboots the host and runs the step again.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/send-commands-reboot.html",
    check=check,
    kinds=COMMAND,
)
