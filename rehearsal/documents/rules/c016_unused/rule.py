"""Parameters are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.references import references_in
from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Every parameter is referred to, or read from the environment."""
    command = subject.command
    used: set[str] = set()
    text: list[str] = []
    for step in command.steps:
        used |= {reference.name for reference in references_in(dict(step.body), ())}
        text += [script.text for script in step.scripts]
    joined = "\n".join(text)
    for name in command.parameters:
        if name not in used and f"SSM_{name}" not in joined:
            yield Problem(("parameters", name), f'nothing uses the parameter "{name}"', on_key=True)


RULE = Rule(
    id="C016",
    level=Level.WARNING,
    summary="Every parameter is used.",
    why="Whoever sets it believes that it does something.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html",
    check=check,
    kinds=COMMAND,
)
