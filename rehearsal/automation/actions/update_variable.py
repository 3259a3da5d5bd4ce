"""`aws:updateVariable`: give a variable of the runbook a new value (reference §3.22)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.automation.action import ANYTHING, TEXT, Action, Input, StepContext, StepResult
from rehearsal.automation.errors import InvalidInputError
from rehearsal.automation.statuses import Impact

_PREFIX = "variable:"
_MAX_TEXT = 512
_MAX_STRINGS = 50
_MAX_MAPS = 200
_MAX_KEY = 50


def _fits(kind: str, value: Any) -> bool:
    if kind == "Boolean":
        return isinstance(value, bool)
    if kind == "Integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "String":
        return isinstance(value, str)
    if kind == "StringList":
        return isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    if kind == "StringMap":
        return isinstance(value, Mapping)
    if kind == "MapList":
        return isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value)
    return False


def _check_size(name: str, value: Any) -> None:
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        raise InvalidInputError(f"Variable {name}: a String has at most {_MAX_TEXT} characters, not {len(value)}")
    if isinstance(value, list):
        most = _MAX_STRINGS if all(isinstance(entry, str) for entry in value) else _MAX_MAPS
        if len(value) > most:
            raise InvalidInputError(f"Variable {name}: the list has {len(value)} items; the most is {most}")
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, Mapping) and any(not 1 <= len(key) <= _MAX_KEY for key in entry):
            raise InvalidInputError(f"Variable {name}: keys have 1 to {_MAX_KEY} characters")


def run(context: StepContext) -> StepResult:
    """Set the variable; the value has to have the declared type, as nothing is converted."""
    reference = context.inputs["Name"]
    name = reference.removeprefix(_PREFIX)
    if not reference.startswith(_PREFIX) or name not in context.scope.variables:
        raise InvalidInputError(f"Name {reference!r} is not {_PREFIX}<name of a declared variable>")
    kind = context.scope.variable_types[name]
    value = context.inputs["Value"]
    if not _fits(kind, value):
        raise InvalidInputError(f"Variable {name} has the type {kind}; {value!r:.100} does not")
    _check_size(name, value)
    context.scope.variables[name] = value
    return StepResult()


ACTION = Action(
    name="aws:updateVariable",
    run=run,
    impact=Impact.MUTATING,
    inputs={"Name": Input(TEXT, required=True), "Value": Input(ANYTHING)},
)
