"""Documents that are called exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.calls import Call, calls_of
from rehearsal.documents.rule import Level, LibraryProblem, LibraryRule, Problem
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.library import Library


def check(library: Library) -> Iterator[LibraryProblem]:
    """A called document of the library's own is among its documents, and is of the type that the step calls."""
    if len(library.documents) == 1:
        return
    for call in calls_of(library):
        called = library.by_name.get(call.name)
        path = (*call.path, call.key)
        if called is None:
            if _is_ours(call, library):
                message = f'there is no document "{call.name}"{did_you_mean(call.name, library.by_name)}'
                yield LibraryProblem(call.document, Problem(path, message))
        elif called.kind is not call.kind:
            message = f'"{call.name}" is a document of type {called.kind}, and this calls one of type {call.kind}'
            yield LibraryProblem(call.document, Problem(path, message))


def _is_ours(call: Call, library: Library) -> bool:
    """Whether the name begins as those of the library do; others may be installed by someone else."""
    prefix, dash, _ = call.name.partition("-")
    return bool(dash) and any(name.startswith(f"{prefix}-") for name in library.by_name) and not call.is_awss_own


RULE = LibraryRule(
    id="L007",
    level=Level.ERROR,
    summary="A document that a step calls exists in the library, and is of the type that the step calls.",
    why="Nobody checks it before the step runs: after a rename this is the caller that was forgotten.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-runcommand.html",
    check=check,
)
