"""The parameters of an execution: from the API's lists of strings to typed values (reference §1.2, §1.3)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import regex  # type: ignore[import-untyped] # publishes no types; reads the Java classes that re does not

from rehearsal.automation.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rehearsal.automation.runbook import Runbook

_PATTERN_SECONDS = 1.0
_SSM_DEFAULT = re.compile(r"^\{\{\s*ssm:([A-Za-z0-9_./:-]+)\s*\}\}$")


def _refuse(message: str) -> ApiError:
    return ApiError("InvalidAutomationExecutionParametersException", message)


def typed_parameters(
    runbook: Runbook, supplied: Mapping[str, list[str]], later: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return a value for every declared parameter, except those that each target gives `later`.

    Raises `ApiError` (InvalidAutomationExecutionParametersException) for a missing, unknown or unfit parameter.
    """
    unknown = sorted(set(supplied) - set(runbook.parameters))
    if unknown:
        raise _refuse(f"Parameter(s) {', '.join(unknown)} are not defined in the Automation Document.")
    missing = [
        name
        for name, definition in runbook.parameters.items()
        if name not in supplied and name not in later and "default" not in definition
    ]
    if missing:
        raise _refuse(f"Missing required parameter: {', '.join(missing)} in user inputs.")
    values = {}
    for name, definition in runbook.parameters.items():
        if name in supplied:
            values[name] = _checked(name, definition, decode(name, str(definition["type"]), list(supplied[name])))
        elif "default" in definition:
            values[name] = definition["default"]
    return values


def decode(name: str, kind: str, texts: list[str]) -> Any:
    """Return the typed value that the API's list of strings stands for."""
    if kind == "StringList" or kind.startswith("List<"):
        return texts
    if kind == "MapList":
        return [_json(name, text, "a MapList takes one JSON map per value") for text in _unpacked(texts)]
    if len(texts) != 1:
        raise _refuse(f"Parameter {name} of type {kind} takes one value, {len(texts)} were given.")
    text = texts[0]
    if kind == "StringMap":
        return _json(name, text, "a StringMap takes one JSON map")
    if kind == "Boolean":
        if text.lower() not in {"true", "false"}:
            raise _refuse(f'Parameter "{name}" has value "{text}", which is not a Boolean.')
        return text.lower() == "true"
    if kind == "Integer":
        if not re.fullmatch(r"[+-]?\d+", text):
            raise _refuse(f'Parameter "{name}" has value "{text}", which is not an Integer.')
        return int(text)
    return text


def _unpacked(texts: list[str]) -> list[str]:
    """A MapList may also come as one JSON list."""
    if len(texts) == 1 and texts[0].lstrip().startswith("["):
        try:
            entries = json.loads(texts[0])
        except ValueError:
            return texts
        return [json.dumps(entry) for entry in entries]
    return texts


def _json(name: str, text: str, rule: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _refuse(f"Parameter {name}: {rule}; {error}.") from error
    if not isinstance(value, dict):
        raise _refuse(f"Parameter {name}: {rule}.")
    return value


def _checked(name: str, definition: Mapping[str, Any], value: Any) -> Any:
    allowed = definition.get("allowedValues")
    items = value if isinstance(value, list) else [value]
    if allowed is not None:
        for item in items:
            if item not in allowed:
                listed = ", ".join(str(entry) for entry in allowed)
                raise _refuse(f'Parameter "{name}" has value "{item}" not found in [{listed}].')
    pattern = definition.get("allowedPattern")
    if pattern:
        _check_pattern(name, str(pattern), items)
    _check_size(name, definition, value)
    return value


def _check_pattern(name: str, pattern: str, items: list[Any]) -> None:
    """Hold a value to a pattern of Java's library; it has to fit as a whole."""
    try:
        compiled = regex.compile(pattern)
        for item in items:
            text = item if isinstance(item, str) else json.dumps(item)
            if not compiled.fullmatch(text, timeout=_PATTERN_SECONDS):
                raise _refuse(f'Parameter "{name}" has value "{text}" not matching {pattern}.')
    except regex.error as error:
        raise _refuse(f'Parameter "{name}": allowedPattern {pattern} cannot be evaluated: {error}.') from error
    except TimeoutError as error:
        raise _refuse(f'Parameter "{name}": allowedPattern {pattern} takes too long to evaluate.') from error


def _check_size(name: str, definition: Mapping[str, Any], value: Any) -> None:
    rules: tuple[tuple[str, str, Callable[[int, int], bool], str], ...] = (
        ("minItems", "maxItems", lambda size, bound: size < bound, "items"),
        ("minChars", "maxChars", lambda size, bound: size < bound, "characters"),
    )
    for low, high, below, unit in rules:
        sizes = [len(value)] if unit == "items" and isinstance(value, list | dict) else []
        if unit == "characters":
            sizes = [len(item) for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
        for size in sizes:
            if low in definition and below(size, int(definition[low])):
                raise _refuse(f'Parameter "{name}" has {size} {unit}; the least is {definition[low]}.')
            if high in definition and below(int(definition[high]), size):
                raise _refuse(f'Parameter "{name}" has {size} {unit}; the most is {definition[high]}.')


def ssm_references(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters whose default is `{{ssm:name}}`, with that name."""
    found = {}
    for name, value in values.items():
        match = _SSM_DEFAULT.match(value) if isinstance(value, str) else None
        if match:
            found[name] = match[1]
    return found


def initial_variables(runbook: Runbook) -> dict[str, Any]:
    """Return the variables with their defaults, or the empty value of their type."""
    empty: Mapping[str, Any] = {
        "String": "",
        "StringList": [],
        "StringMap": {},
        "MapList": [],
        "Boolean": False,
        "Integer": 0,
    }
    return {
        name: definition["default"] if "default" in definition else empty.get(str(definition["type"]), "")
        for name, definition in runbook.variables.items()
    }
