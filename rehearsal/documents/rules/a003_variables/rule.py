"""The variables of an Automation document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.types import VARIABLE_TYPES, described, fits
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIELDS = frozenset({"type", "default", "description", "allowedValues", "allowedPattern", "minItems", "maxItems"})


def check(subject: Subject) -> Iterator[Problem]:
    """A known type each, and a default that has it."""
    for name, definition in subject.runbook.variables.items():
        path = ("variables", name)
        if not isinstance(definition, dict):
            yield Problem(path, f'the variable "{name}" is a mapping with a type and a default')
            continue
        for key in definition.keys() - _FIELDS:
            yield Problem((*path, key), f'"{key}" is no field of a variable{did_you_mean(key, _FIELDS)}', on_key=True)
        declared = definition.get("type")
        if declared not in VARIABLE_TYPES:
            known = did_you_mean(declared, VARIABLE_TYPES)
            yield Problem((*path, "type"), f"{described(declared)} is no type of a variable{known}")
        elif "default" not in definition:
            yield Problem(
                path, f'the variable "{name}" has no default, so it has no value to begin with', Level.WARNING
            )
        elif not fits(definition["default"], declared):
            message = f'the default of "{name}" is {described(definition["default"])}, and the variable is a {declared}'
            yield Problem((*path, "default"), message)


RULE = Rule(
    id="A003",
    level=Level.ERROR,
    summary="Every variable has a known type and a default of that type.",
    why="aws:updateVariable converts nothing: a value of another type fails the step that sets it.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-update-variable.html",
    check=check,
    kinds=AUTOMATION,
)
