"""Plain words that YAML readers disagree about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """No unquoted yes, no, on, off, date, octal or base-60 number."""
    source = subject.document.source
    for scalar in source.ambiguous:
        if scalar.path[: len(source.prefix)] == source.prefix:
            path = scalar.path[len(source.prefix) :]
            message = f'"{scalar.text}" is {scalar.other_type} for YAML 1.1 and text or a number for YAML 1.2: quote it'
            yield Problem(path, message)


RULE = Rule(
    id="L004",
    level=Level.WARNING,
    summary="No value or key means one thing to YAML 1.1 and another to YAML 1.2.",
    why="The service and your tools may read the same document differently: an unquoted `on` becomes true.",
    source="https://yaml.org/spec/1.2.2/#10-recommended-schemas",
    check=check,
)
