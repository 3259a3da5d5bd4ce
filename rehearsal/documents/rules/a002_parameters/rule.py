"""The parameters of an Automation document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.parameters import parameter_problems

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Names, types, constraints and defaults."""
    yield from parameter_problems(subject.document)


RULE = Rule(
    id="A002",
    level=Level.ERROR,
    summary="Every parameter has an alphanumeric name, a known type, and a default that fits its type and constraints.",
    why="The service refuses most of these at registration; a default that breaks its own pattern fails each start.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
