"""Failures stop what follows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rehearsal.documents.command import SHELL, get
from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMMAND_WORDS = re.compile(r"^\s*[A-Za-z_./\"$]")
_SET_E = re.compile(r"^[ \t]*set[ \t]+(-\w*e\w*|-o[ \t]+errexit|-\w+[ \t]+errexit)|^#!.*sh[ \t]+-\w*e", re.MULTILINE)
_MANY = 2


def check(subject: Subject) -> Iterator[Problem]:
    """Scripts of several commands stop at the first failure, and so do documents of several steps."""
    for script in subject.command.shell_scripts:
        commands = [line for line in script.text.split("\n") if _COMMAND_WORDS.match(line)]
        if script.is_known and script.is_shell and len(commands) >= _MANY and not _SET_E.search(script.text):
            path, at = script.at(1)
            message = "without set -e only the last command decides: an earlier failure goes unnoticed"
            yield Problem(path, message, at=(at, 1))
    steps = [step for step in subject.command.steps if step.action == SHELL]
    for step in steps[:-1]:
        if get(step.sets[0][1], "onFailure") is None and not _only_elsewhere(step.body):
            message = f'when "{step.name}" fails the next step runs all the same: write onFailure: exit in its inputs'
            yield Problem((*step.path, "name"), message)


def _only_elsewhere(body: Mapping[str, Any]) -> bool:
    """Steps for different platforms are alternatives: only one of them runs."""
    return "precondition" in body


RULE = Rule(
    id="C013",
    level=Level.WARNING,
    summary="A failing command stops its script, and a failing step the document.",
    why="The agent goes on after a failed step, and a script without set -e succeeds if its last line does.",
    source="https://github.com/aws/amazon-ssm-agent/blob/3.3.1142.0/agent/framework/runpluginutil/runpluginutil.go",
    check=check,
    kinds=COMMAND,
)
