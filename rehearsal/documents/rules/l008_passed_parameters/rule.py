"""Parameters passed to called documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.documents.calls import Call, calls_of
from rehearsal.documents.model import Intrinsic
from rehearsal.documents.references import REFERENCE, has_reference
from rehearsal.documents.rule import Level, LibraryProblem, LibraryRule, Problem
from rehearsal.documents.runbook import Runbook, mapping
from rehearsal.documents.shapes.given_values import type_problem, typed
from rehearsal.documents.shapes.parameters import value_problems
from rehearsal.documents.shapes.resolving import type_of
from rehearsal.documents.shapes.types import basic_type
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.library import Library
    from rehearsal.documents.model import Document
    from rehearsal.documents.source import Path

_MISFITS: dict[str, tuple[str, ...]] = {
    "String": ("StringList", "MapList", "StringMap"),
    "Boolean": ("StringList", "MapList", "StringMap", "Integer"),
    "Integer": ("StringList", "MapList", "StringMap", "Boolean"),
    "StringMap": ("StringList", "MapList", "Boolean", "Integer"),
}


def check(library: Library) -> Iterator[LibraryProblem]:
    """Each passed parameter exists and takes the value; each that has no default is passed."""
    for call in calls_of(library):
        called = library.by_name.get(call.name)
        if called is not None and isinstance(call.parameters, dict):
            for problem in _passed(call, called, call.parameters):
                yield LibraryProblem(call.document, problem)


def _passed(call: Call, called: Document, passed: dict[str, Any]) -> Iterator[Problem]:
    declared = mapping(called.content.get("parameters"))
    path = (*call.path, call.parameters_key) if call.has_parameters else call.path
    for name, value in passed.items():
        if name not in declared:
            message = f'{call.name} has no parameter "{name}"{did_you_mean(name, declared)}'
            yield Problem((*path, name), message, on_key=True)
        else:
            yield from _value(call, name, value, mapping(declared[name]))
    for name, definition in declared.items():
        if name not in passed and "default" not in mapping(definition):
            yield Problem(path, f'{call.name} needs the parameter "{name}"')


def _reference(call: Call, name: str, value: Any, kind: str, path: Path) -> Iterator[Problem]:
    """All of the value is one reference: what it refers to has a type too."""
    text = value[0] if isinstance(value, list) and len(value) == 1 else value
    match = REFERENCE.fullmatch(text.strip()) if isinstance(text, str) else None
    given = type_of(Runbook(call.document), match[1]) if match is not None else None
    if match is not None and given in _MISFITS.get(kind, ()):
        yield Problem(path, f"{name} is a {kind}, and {match[1]} is a {given}")


def _value(call: Call, name: str, value: Any, definition: Any) -> Iterator[Problem]:
    """The API takes each value as a list of texts; a single one may be given bare."""
    path = (*call.path, call.parameters_key, name)
    kind = basic_type(str(definition.get("type")))
    if has_reference(value):
        yield from _reference(call, name, value, kind, path)
        return
    if isinstance(value, Intrinsic):
        return
    if problem := type_problem(name, value, kind):
        yield Problem(path, problem)
    else:
        yield from value_problems(name, typed(value, kind), definition, path)


RULE = LibraryRule(
    id="L008",
    level=Level.ERROR,
    summary="Parameters that a step passes exist in the called document, fit it, and none that it needs is missing.",
    why="The called document refuses to start, in the middle of the runbook that calls it.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeAutomation.html",
    check=check,
)
