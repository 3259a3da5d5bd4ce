"""Patterns of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject
from rehearsal.documents.runbook import mapping
from rehearsal.documents.shapes.patterns import PatternError, compiled, is_anchored, refused_by_re2

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Every allowedPattern compiles, in the agent's library too, and covers the whole value."""
    for name, definition in subject.command.parameters.items():
        pattern = mapping(definition).get("allowedPattern")
        if not isinstance(pattern, str):
            continue
        path = ("parameters", name, "allowedPattern")
        try:
            compiled(pattern)
        except PatternError as error:
            yield Problem(path, f"the pattern does not compile: {error}", Level.ERROR)
            continue
        refused = refused_by_re2(pattern)
        if refused is not None:
            message = f"the agent's expressions (RE2) have no {refused}: it rejects the whole command"
            yield Problem(path, message)
        if not is_anchored(pattern):
            message = "the agent looks for the pattern anywhere in the value: begin it with ^ and end it with $"
            yield Problem(path, message)


RULE = Rule(
    id="C011",
    level=Level.WARNING,
    summary="Every allowedPattern compiles in RE2 and is anchored at both ends.",
    why="`[a-z]+` lets `1a;id` through, and a look-ahead makes the agent reject every command.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html",
    check=check,
    kinds=COMMAND,
)
