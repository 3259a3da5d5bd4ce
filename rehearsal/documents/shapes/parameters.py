"""Parameter definitions, which Automation and Command documents share."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rehearsal.documents.model import Document, Intrinsic
from rehearsal.documents.rule import Level, Problem
from rehearsal.documents.shapes.patterns import matches
from rehearsal.documents.shapes.types import PARAMETER_TYPES, basic_type, described, fits
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.documents.source import Path

_FIELDS = frozenset(
    {
        "type",
        "description",
        "default",
        "allowedValues",
        "allowedPattern",
        "displayType",
        "interpolationType",
        *("minItems", "maxItems", "minChars", "maxChars"),
    }
)
_COUNTS = ("minItems", "maxItems", "minChars", "maxChars")
_NAME = re.compile(r"[A-Za-z0-9]+\Z")


def parameter_problems(document: Document) -> Iterator[Problem]:
    """Everything wrong with `parameters` that shows without looking at their use."""
    parameters = document.content.get("parameters")
    if parameters is None:
        return
    if not isinstance(parameters, dict):
        yield Problem(
            ("parameters",), "parameters is a mapping from names to definitions", service="JSON not well-formed."
        )
        return
    for name, definition in parameters.items():
        path: Path = ("parameters", name)
        if not _NAME.match(name):
            yield Problem(
                path,
                f'the parameter name "{name}" may hold letters and digits only',
                on_key=True,
                service=f'Parameter name "{name}" is not alpha-numeric.',
            )
        if not isinstance(definition, dict):
            text = 'Missing "type" in parameter definition.'
            yield Problem(path, f'the parameter "{name}" is a mapping with a type', service=text)
            continue
        yield from _definition(name, definition, path)


def _definition(name: str, definition: dict[str, Any], path: Path) -> Iterator[Problem]:
    for key in definition.keys() - _FIELDS:
        message = f'"{key}" is no field of a parameter{did_you_mean(key, _FIELDS)}'
        yield Problem((*path, key), message, on_key=True)
    declared = definition.get("type")
    if declared is None:
        yield Problem(path, f'the parameter "{name}" has no type', service='Missing "type" in parameter definition.')
        return
    if declared not in PARAMETER_TYPES:
        message = f"{described(declared)} is no type of a parameter{did_you_mean(declared, PARAMETER_TYPES)}"
        yield Problem((*path, "type"), message, service=f"Parameter type: {declared} is invalid.")
        return
    yield from _counts(definition, declared, path)
    yield from _allowed(definition, declared, path)
    yield from _default(name, definition, declared, path)
    if definition.get("interpolationType", "ENV_VAR") != "ENV_VAR":
        yield Problem((*path, "interpolationType"), "interpolationType has one value: ENV_VAR")
    if definition.get("displayType", "textfield") not in ("textfield", "textarea"):
        yield Problem((*path, "displayType"), "displayType is textfield or textarea")
    if not isinstance(definition.get("description", ""), str):
        yield Problem((*path, "description"), "a description is text")


def _counts(definition: dict[str, Any], declared: str, path: Path) -> Iterator[Problem]:
    for key in _COUNTS:
        value = definition.get(key, 0)
        if not (fits(value, "Integer") or (isinstance(value, str) and value.isdigit())) or int(value or 0) < 0:
            yield Problem((*path, key), f"{key} is a whole number from 0, not {described(value)}")
            return
    kind = basic_type(declared)
    for low, high in (("minItems", "maxItems"), ("minChars", "maxChars")):
        if low in definition and high in definition and int(definition[low]) > int(definition[high]):
            yield Problem((*path, low), f"{low} is above {high}: no value fits")
    if kind == "String" and ("minItems" in definition or "maxItems" in definition):
        key = "minItems" if "minItems" in definition else "maxItems"
        yield Problem((*path, key), f"{key} counts items, and a {declared} has none", Level.WARNING, on_key=True)


def _allowed(definition: dict[str, Any], declared: str, path: Path) -> Iterator[Problem]:
    values = definition.get("allowedValues")
    if values is not None and not (isinstance(values, list) and values):
        yield Problem((*path, "allowedValues"), "allowedValues is a list of the values to choose from")
    pattern = definition.get("allowedPattern")
    if pattern is not None and not isinstance(pattern, str):
        yield Problem((*path, "allowedPattern"), "allowedPattern is a regular expression, as text")
    kind = basic_type(declared)
    item = {"StringList": "String", "MapList": "StringMap"}.get(kind, kind)
    for index, value in enumerate(values if isinstance(values, list) else []):
        if not fits(value, kind) and not fits(value, item) and not isinstance(value, str):
            message = f"a {declared} cannot have the value {described(value)}"
            yield Problem((*path, "allowedValues", index), message)


def _default(name: str, definition: dict[str, Any], declared: str, path: Path) -> Iterator[Problem]:
    if "default" not in definition:
        return
    default = definition["default"]
    where = (*path, "default")
    if isinstance(default, str) and "{{" in default and "ssm:" in default:
        return
    if not fits(default, declared):
        message = f'the default of "{name}" is {described(default)}, and the parameter is a {declared}'
        yield Problem(where, message, service=f'Wrong default value for a "{declared}" parameters')
        return
    if isinstance(default, Intrinsic):
        return
    if default in ("", [], {}):
        return
    for problem in value_problems(name, default, definition, where):
        yield replace(problem, level=Level.WARNING)


def value_problems(name: str, value: Any, definition: Mapping[str, Any], where: Path) -> Iterator[Problem]:
    """A literal against the allowed values and the pattern of its parameter."""
    items = value if isinstance(value, list) else [value]
    allowed = definition.get("allowedValues")
    pattern = definition.get("allowedPattern")
    for item in items:
        if isinstance(item, Intrinsic):
            continue
        if isinstance(allowed, list) and allowed and item not in allowed and str(item) not in map(str, allowed):
            choices = ", ".join(str(choice) for choice in allowed)
            yield Problem(where, f'"{item}" is not among the allowed values of "{name}": {choices}')
        if isinstance(pattern, str) and isinstance(item, str) and matches(pattern, item) is False:
            yield Problem(where, f'"{item}" does not match the allowedPattern of "{name}": {pattern}')
