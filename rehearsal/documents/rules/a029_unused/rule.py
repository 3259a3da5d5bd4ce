"""Parameters and variables are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.references import references_in
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Every parameter and variable is referred to somewhere."""
    content = subject.document.content
    used = {
        reference.name for part in ("assumeRole", "mainSteps") for reference in references_in(content.get(part), ())
    }
    words = {name.partition(".")[0] for name in used}
    for name in subject.runbook.parameters:
        if name not in words:
            yield Problem(("parameters", name), f'nothing uses the parameter "{name}"', on_key=True)
    for name in subject.runbook.variables:
        if not any(word.startswith(f"variable:{name}") for word in used):
            yield Problem(("variables", name), f'nothing reads the variable "{name}"', on_key=True)


RULE = Rule(
    id="A029",
    level=Level.WARNING,
    summary="Every parameter is used, and every variable is read.",
    why="Whoever sets it believes that it does something.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html",
    check=check,
    kinds=AUTOMATION,
)
