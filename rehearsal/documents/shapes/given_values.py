"""Values that a start gives to parameters: whether they are of the declared type, and what they stand for.

StartAutomationExecution takes each value as a list of texts; maps are JSON in them. Here a single value may be given
bare, and a map, a number or a flag as what it is.
"""

from __future__ import annotations

import json
import re
from typing import Any

from rehearsal.documents.shapes.types import basic_type, described

_LISTS = ("StringList", "MapList")
_UNREADABLE = object()


def type_problem(name: str, value: Any, declared: str) -> str:
    """Why a value has not the type of its parameter; empty when it has."""
    kind = basic_type(declared)
    items = _items(value, kind)
    if kind not in _LISTS and len(items) != 1:
        return f"{name} is a {kind} and takes one value, not {len(items)}"
    unfit = [described(item) for item in items if not _is_a(item, kind)]
    if unfit and kind in _LISTS:
        return f"{name} is a {kind} and cannot hold {unfit[0]}"
    return f"{name} is {'an' if kind == 'Integer' else 'a'} {kind}, not {unfit[0]}" if unfit else ""


def typed(value: Any, declared: str) -> Any:
    """The value of the declared type that a given one stands for, once `type_problem` finds nothing in it."""
    kind = basic_type(declared)
    values = [_typed(item, kind) for item in _items(value, kind)]
    return values if kind in _LISTS else values[0]


def _items(value: Any, kind: str) -> list[Any]:
    """The single values; a list of maps may also come as one JSON list."""
    items = value if isinstance(value, list) else [value]
    if kind == "MapList" and len(items) == 1 and isinstance(items[0], str):
        inner = _from_json(items[0])
        return inner if isinstance(inner, list) else items
    return items


def _is_a(value: Any, kind: str) -> bool:
    match kind:
        case "Boolean":
            return str(value).lower() in {"true", "false"}
        case "Integer":
            return re.fullmatch(r"[+-]?[0-9]+", str(value)) is not None
        case "StringMap" | "MapList":
            return isinstance(_from_json(value) if isinstance(value, str) else value, dict)
    return isinstance(value, str | int | float)


def _typed(value: Any, kind: str) -> Any:
    match kind:
        case "Boolean":
            return str(value).lower() == "true"
        case "Integer":
            return int(value)
        case "StringMap" | "MapList":
            return _from_json(value) if isinstance(value, str) else value
    return value if isinstance(value, str) else json.dumps(value)


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _UNREADABLE
