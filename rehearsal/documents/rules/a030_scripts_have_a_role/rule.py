"""Scripts that call AWS have a role."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.python_scripts import calls_boto3, parsed, python_script

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """A document whose scripts use boto3 has an assumeRole."""
    if subject.document.content.get("assumeRole"):
        return
    for step in subject.runbook.steps:
        script = python_script(step)
        tree = parsed(script) if script is not None else None
        if isinstance(tree, ast.Module) and calls_boto3(tree):
            message = (
                "the script calls AWS, and without an assumeRole it has no permissions: the caller's are not passed on"
            )
            yield Problem((*step.path, "name"), message)


RULE = Rule(
    id="A030",
    level=Level.WARNING,
    summary="A document whose scripts call AWS has an assumeRole.",
    why="A script runs with the role or with nothing; it never has the permissions of who started the runbook.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-document-script-considerations.html",
    check=check,
    kinds=AUTOMATION,
)
