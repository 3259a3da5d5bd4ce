"""The keys of an Automation document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.top_level import top_level_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = {
    "schemaVersion": str,
    "description": str,
    "assumeRole": str,
    "parameters": dict,
    "variables": dict,
    "mainSteps": list,
    "outputs": list,
    "files": dict,
}


def check(subject: Subject) -> Iterator[Problem]:
    """Known keys of the right type, and at least one step."""
    yield from top_level_problems(subject.document, _KEYS)
    steps = subject.document.content.get("mainSteps")
    if not isinstance(steps, list) or not steps:
        path = ("mainSteps",) if "mainSteps" in subject.document.content else ()
        yield Problem(path, "mainSteps is a list of at least one step", service='Missing "mainSteps" in the document.')


RULE = Rule(
    id="A001",
    level=Level.ERROR,
    summary="An Automation document has the keys of schema 0.3, each of its type, and at least one step.",
    why="The service refuses a document without steps, and ignores a misspelt key without a word.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
