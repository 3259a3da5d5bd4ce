"""Patterns have good and bad strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.documents.rule import Level, LibraryProblem, LibraryRule, Problem
from rehearsal.documents.runbook import mapping
from rehearsal.documents.shapes.patterns import PatternError, compiled
from rehearsal.documents.shapes.types import described

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from rehearsal.documents.library import Library
    from rehearsal.documents.model import Document


def check(library: Library) -> Iterator[LibraryProblem]:
    """With a registry at hand: every allowedPattern is in it, matches its good strings and none of its bad ones."""
    if not library.registry_files:
        return
    known = {pattern for registry in library.registry_files for pattern in registry.content}
    used: set[str] = set()
    for document in library.documents:
        for name, pattern in _patterns(document):
            used.add(pattern)
            if pattern not in known:
                message = f"the pattern has no good and bad strings in the registry: {pattern}"
                yield LibraryProblem(document, Problem(("parameters", name, "allowedPattern"), message))
    for registry in library.registry_files:
        for pattern, strings in registry.content.items():
            if pattern not in used:
                message = "no document has this pattern any more"
                yield LibraryProblem(registry, Problem((pattern,), message, Level.WARNING, on_key=True))
            yield from (LibraryProblem(registry, problem) for problem in _entry(pattern, strings))


def _patterns(document: Document) -> Iterator[tuple[str, str]]:
    if document.is_awss_own:
        return
    for name, definition in mapping(document.content.get("parameters")).items():
        pattern = mapping(definition).get("allowedPattern")
        if isinstance(pattern, str):
            yield name, pattern


def _entry(pattern: str, strings: Any) -> Iterator[Problem]:
    for key, should in (("good", True), ("bad", False)):
        values = mapping(strings).get(key)
        if not isinstance(values, list) or not values:
            yield Problem((pattern,), f'the pattern needs a list of {key} strings under "{key}"', on_key=True)
            continue
        for index, value in enumerate(values):
            if not isinstance(value, str):
                yield Problem((pattern, key, index), f"a string is quoted text, not {described(value)}")
            elif _found(pattern, value) is not should:
                how = "does not match" if should else "matches"
                yield Problem((pattern, key, index), f'the {key} string "{value}" {how} the pattern')


def _found(pattern: str, value: str) -> bool | None:
    """Whether the pattern is found in the value; the registry is the library's own, so no pattern is hostile here."""
    try:
        expression: re.Pattern[str] | None = compiled(pattern)
    except PatternError:
        return None
    return None if expression is None else expression.search(value) is not None


RULE = LibraryRule(
    id="L012",
    level=Level.ERROR,
    summary="Every allowedPattern has good and bad strings in patterns.yaml, and tells them apart.",
    why="A pattern is the library's input validation: nobody reads a regular expression right without examples.",
    source="https://github.com/aws-solutions/automated-security-response-on-aws",
    check=check,
)
