"""Python scripts compile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.python_scripts import SyntaxProblem, parsed, python_script

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Every embedded Python script is Python."""
    for step in subject.runbook.steps:
        script = python_script(step)
        problem = parsed(script) if script is not None else None
        if isinstance(problem, SyntaxProblem):
            message = f"the script does not compile: {problem.message}"
            yield Problem((*step.path, "inputs", "Script"), message, at=(problem.line, problem.column))


RULE = Rule(
    id="A021",
    level=Level.ERROR,
    summary="Every embedded Python script compiles.",
    why="The service never looks into a script: a missing bracket fails the step, in the middle of the runbook.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeScript.html",
    check=check,
    kinds=AUTOMATION,
)
