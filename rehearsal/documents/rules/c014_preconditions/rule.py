"""Preconditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.documents.references import has_reference
from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.types import described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.source import Path

_PLATFORMS = frozenset({"linux", "windows", "macos"})
_PAIR = 2


def check(subject: Subject) -> Iterator[Problem]:
    """One StringEquals of two values, of which one is platformType or holds a parameter."""
    for step in subject.command.steps:
        if "precondition" in step.body:
            yield from _precondition(step.body["precondition"], (*step.path, "precondition"))


def _precondition(condition: Any, path: Path) -> Iterator[Problem]:
    if not isinstance(condition, dict) or list(condition) != ["StringEquals"]:
        yield Problem(path, f"a precondition has one operator, StringEquals, not {described(condition)}")
        return
    values = condition["StringEquals"]
    where = (*path, "StringEquals")
    if not isinstance(values, list) or len(values) != _PAIR or not all(isinstance(value, str) for value in values):
        yield Problem(where, "StringEquals compares a list of two texts")
        return
    if "platformType" in values:
        other = next((value for value in values if value != "platformType"), "platformType")
        if other.lower() not in _PLATFORMS and not has_reference(other):
            yield Problem(where, f'platformType is Linux, Windows or MacOS, never "{other}"')
    elif not any(has_reference(value) for value in values) or values[0] == values[1]:
        yield Problem(where, "a precondition compares platformType, or a parameter, with something else")


RULE = Rule(
    id="C014",
    level=Level.ERROR,
    summary="A precondition is StringEquals of platformType or of a parameter.",
    why="The agent fails a step whose precondition it does not recognize.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html",
    check=check,
    kinds=COMMAND,
)
