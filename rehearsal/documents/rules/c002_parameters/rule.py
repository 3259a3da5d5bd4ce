"""The parameters of a Command document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.parameters import parameter_problems

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Names, types, constraints and defaults."""
    yield from parameter_problems(subject.document)


RULE = Rule(
    id="C002",
    level=Level.ERROR,
    summary="Every parameter has an alphanumeric name, a known type, and a default that fits its type and constraints.",
    why="The agent drops a value whose name is not alphanumeric and runs with the default, without an error.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html",
    check=check,
    kinds=COMMAND,
    enforced=True,
)
