"""The keys of a Command document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.top_level import top_level_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = {
    "schemaVersion": str,
    "description": str,
    "parameters": dict,
    "mainSteps": list,
    "runtimeConfig": dict,
    "files": dict,
    "outputs": list,
}
_OLD = ("1.0", "1.2")


def check(subject: Subject) -> Iterator[Problem]:
    """Known keys of the right type, and steps (plugins in schema 1.2)."""
    content = subject.document.content
    yield from top_level_problems(subject.document, _KEYS)
    key = "runtimeConfig" if content.get("schemaVersion") in _OLD else "mainSteps"
    if not content.get(key) or not isinstance(content[key], _KEYS[key]):
        path = (key,) if key in content else ()
        text = f'Missing "{key}" in the document.'
        yield Problem(path, f"{key} is a {_KEYS[key].__name__} of at least one step", service=text)


RULE = Rule(
    id="C001",
    level=Level.ERROR,
    summary="A Command document has the keys of its schema, each of its type, and at least one step.",
    why="The service refuses a document without steps, and ignores a misspelt key without a word.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html",
    check=check,
    kinds=COMMAND,
    enforced=True,
)
