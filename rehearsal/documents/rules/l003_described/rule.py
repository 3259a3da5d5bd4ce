"""Documents, parameters and their purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.model import DocumentKind
from rehearsal.documents.rule import Level, Problem, Rule, Subject
from rehearsal.documents.runbook import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECTIONS = {
    "what it does": ("what it does", "what does"),
    "impact": ("impact",),
    "how long": ("how long", "duration"),
    "how to undo": ("undo", "roll back", "rollback"),
    "permissions": ("permission",),
}


def check(subject: Subject) -> Iterator[Problem]:
    """A description; one that is divided into sections has all five; every parameter has one too."""
    content = subject.document.content
    if subject.document.kind is DocumentKind.OTHER:
        return
    description = content.get("description")
    if not isinstance(description, str) or not description.strip():
        yield Problem(("description",) if "description" in content else (), "the document has no description")
    else:
        headings = [title for line in description.split("\n") if (title := _heading(line.strip()))]
        known = [
            name for name, words in _SECTIONS.items() if any(word in title for title in headings for word in words)
        ]
        missing = [name for name in _SECTIONS if name not in known]
        if len(known) >= len(missing) and missing:
            yield Problem(("description",), f"the description has no section on: {', '.join(missing)}")
    for name, definition in mapping(content.get("parameters")).items():
        if isinstance(definition, dict) and not str(definition.get("description", "")).strip():
            yield Problem(("parameters", name), f'the parameter "{name}" has no description', on_key=True)


def _heading(line: str) -> str:
    """The title of a Markdown heading, or of a line that is all bold; empty for other lines."""
    if line.startswith("#"):
        return line.strip("# ").lower()
    is_bold = line.startswith("**") and line.removesuffix(":").endswith("**")
    return line.strip("*: ").lower() if is_bold else ""


RULE = Rule(
    id="L003",
    level=Level.WARNING,
    summary="Documents and parameters are described, in sections: what, impact, how long, undo, permissions.",
    why="The description is all that the person at the console reads before pressing Execute.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html",
    check=check,
)
