"""PowerShell runs on Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.command import POWERSHELL
from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """A PowerShell step of schema 2.2 has a precondition."""
    if subject.document.content.get("schemaVersion") != "2.2":
        return
    for step in subject.command.steps:
        if step.action == POWERSHELL and "precondition" not in step.body:
            message = "without a precondition the step runs on Linux too, and fails there when pwsh is missing"
            yield Problem((*step.path, "action"), message)


RULE = Rule(
    id="C019",
    level=Level.WARNING,
    summary="A PowerShell step has a precondition on the platform.",
    why="The agent does not skip it on Linux: it looks for pwsh and fails.",
    source="https://github.com/aws/amazon-ssm-agent/blob/3.3.1142.0/agent/framework/runpluginutil/runpluginutil.go",
    check=check,
    kinds=COMMAND,
)
