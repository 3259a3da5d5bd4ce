"""Runtimes of scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.inputs import is_open
from rehearsal.documents.shapes.types import described
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.documents.source import Path

_CURRENT = ("python3.10", "python3.11", "python3.12", "PowerShell 7.4")
_RETIRED = ("python3.6", "python3.7", "python3.8", "python3.9", "PowerShell Core 6.0", "PowerShell 7.0")


def check(subject: Subject) -> Iterator[Problem]:
    """The runtime is one that Automation starts; PowerShell takes no Handler, Python needs one."""
    for step in subject.runbook.steps:
        runtime = step.inputs.get("Runtime")
        if step.action != "aws:executeScript" or runtime is None or is_open(runtime):
            continue
        path = (*step.path, "inputs", "Runtime")
        if runtime in _RETIRED:
            message = f"{runtime} is no longer started (since October 2025): use python3.12, or PowerShell 7.4"
            yield Problem(path, message, Level.WARNING)
        elif runtime not in _CURRENT:
            known = did_you_mean(runtime, _CURRENT)
            yield Problem(path, f"{described(runtime)} is no runtime: {', '.join(_CURRENT)}{known}")
        if str(runtime).startswith("python") and "Handler" not in step.inputs:
            yield Problem((*step.path, "inputs"), "a Python script needs a Handler")
        if str(runtime).startswith("PowerShell"):
            yield from _powershell(step.inputs, (*step.path, "inputs"))


def _powershell(inputs: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    if "Handler" in inputs:
        yield Problem((*path, "Handler"), "a PowerShell script has no Handler", on_key=True)
    if "Script" not in inputs:
        yield Problem(path, "PowerShell needs a Script, beside an Attachment too")


RULE = Rule(
    id="A019",
    level=Level.ERROR,
    summary="The runtime is one that Automation starts, with a Handler for Python and none for PowerShell.",
    why="Retired runtimes fail the step; AWS retired all before python3.10 and PowerShell 7.4.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeScript.html",
    check=check,
    kinds=AUTOMATION,
)
