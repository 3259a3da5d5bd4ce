"""Patterns of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.runbook import mapping
from rehearsal.documents.shapes.patterns import PatternError, compiled, is_anchored

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Every allowedPattern compiles and covers the whole value."""
    for name, definition in subject.runbook.parameters.items():
        pattern = mapping(definition).get("allowedPattern")
        if not isinstance(pattern, str):
            continue
        path = ("parameters", name, "allowedPattern")
        try:
            compiled(pattern)
        except PatternError as error:
            yield Problem(path, f"the pattern does not compile: {error}", Level.ERROR)
            continue
        if not is_anchored(pattern):
            yield Problem(path, "the pattern may match a part of the value: begin it with ^ and end it with $")


RULE = Rule(
    id="A032",
    level=Level.WARNING,
    summary="Every allowedPattern compiles and is anchored at both ends.",
    why="A pattern that is found anywhere in the value keeps nothing out.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html",
    check=check,
    kinds=AUTOMATION,
)
