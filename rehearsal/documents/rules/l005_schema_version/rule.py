"""The schema version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_KNOWN = frozenset({"0.3", "1.0", "1.2", "2.0", "2.2"})


def check(subject: Subject) -> Iterator[Problem]:
    """SchemaVersion is a text, and one that the service has."""
    content = subject.document.content
    version = content.get("schemaVersion")
    if version is None and ("mainSteps" in content or "runtimeConfig" in content):
        yield Problem((), "the document has no schemaVersion")
    elif version is not None and not isinstance(version, str):
        yield Problem(("schemaVersion",), f'schemaVersion is text: write "{version}", with quotes')
    elif isinstance(version, str) and version not in _KNOWN:
        yield Problem(("schemaVersion",), f'there is no schemaVersion "{version}": {", ".join(sorted(_KNOWN))}')


RULE = Rule(
    id="L005",
    level=Level.ERROR,
    summary="schemaVersion is there, is text, and is one that the service has.",
    why="Unquoted, it is a number, and the service refuses the document.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html",
    check=check,
)
