"""The conditions of `aws:branch` and `aws:loop` (reference §3.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.automation.errors import InvalidInputError
from rehearsal.automation.references import Lookup, resolve

CHOICE_KEYS = frozenset({"NextStep"})


def _text(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value
    raise InvalidInputError(f"{name} compares Strings; {value!r} is not one")


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInputError(f"{name} compares numbers; {value!r} is not one")
    return value


def _boolean(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    raise InvalidInputError(f"{name} compares Booleans; {value!r} is not one")


_Compare = Callable[[Any, Any], bool]
_Read = Callable[[Any, str], Any]

# Values of another type are refused rather than converted: what the service does with them is not documented.
_OPERATORS: Mapping[str, tuple[_Read, _Compare]] = {
    "StringEquals": (_text, lambda value, wanted: value == wanted),
    "EqualsIgnoreCase": (_text, lambda value, wanted: value.casefold() == wanted.casefold()),
    "StartsWith": (_text, lambda value, wanted: value.startswith(wanted)),
    "EndsWith": (_text, lambda value, wanted: value.endswith(wanted)),
    "Contains": (_text, lambda value, wanted: wanted in value),
    "NumericEquals": (_number, lambda value, wanted: value == wanted),
    "NumericGreater": (_number, lambda value, wanted: value > wanted),
    "NumericLesser": (_number, lambda value, wanted: value < wanted),
    "NumericGreaterOrEquals": (_number, lambda value, wanted: value >= wanted),
    "NumericLesserOrEquals": (_number, lambda value, wanted: value <= wanted),
    "BooleanEquals": (_boolean, lambda value, wanted: value is wanted),
}


def holds(condition: Any, lookup: Lookup, where: str) -> bool:
    """Evaluate a condition. Raises `InvalidInputError`, which names the place."""
    if not isinstance(condition, Mapping):
        raise InvalidInputError(f"{where} is not a condition")
    if "And" in condition:
        return all(holds(part, lookup, f"{where}.And[{index}]") for index, part in _parts(condition, "And", where))
    if "Or" in condition:
        return any(holds(part, lookup, f"{where}.Or[{index}]") for index, part in _parts(condition, "Or", where))
    if "Not" in condition:
        _only(condition, "Not", where)
        return not holds(condition["Not"], lookup, f"{where}.Not")
    return _compare(condition, lookup, where)


def _parts(condition: Mapping[str, Any], key: str, where: str) -> list[tuple[int, Any]]:
    _only(condition, key, where)
    parts = condition[key]
    if not isinstance(parts, list) or not parts:
        raise InvalidInputError(f"{where}.{key} is not a list of conditions")
    return list(enumerate(parts))


def _only(condition: Mapping[str, Any], key: str, where: str) -> None:
    if len(condition) != 1:
        raise InvalidInputError(
            f"{where} has {key} and {', '.join(sorted(set(condition) - {key}))}: a condition has one of them"
        )


def _compare(condition: Mapping[str, Any], lookup: Lookup, where: str) -> bool:
    operators = [key for key in condition if key != "Variable"]
    if "Variable" not in condition or len(operators) != 1:
        raise InvalidInputError(f"{where} needs a Variable and one operator")
    name = operators[0]
    if name not in _OPERATORS:
        raise InvalidInputError(f"{where}: {name} is not an operator ({', '.join(_OPERATORS)})")
    read, compare = _OPERATORS[name]
    value = read(resolve(condition["Variable"], lookup), f"{where}.{name}")
    return compare(value, read(resolve(condition[name], lookup), f"{where}.{name}"))
