"""The inputs of Automation's actions and of the agent's plugins, as data.

Sources: user guide, "Automation actions reference" and "Command document plugin reference"; the agent's own source for
plugins (it reads keys without regard to case).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.documents.model import Intrinsic
from rehearsal.documents.references import REFERENCE
from rehearsal.documents.rule import Problem
from rehearsal.documents.shapes.types import described
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.documents.source import Path


@dataclass(frozen=True)
class Input:
    """One input. `type` is a key of _WORDS below; a bound is inclusive."""

    type: str = "String"
    required: bool = False
    values: tuple[str, ...] = ()
    pattern: str | None = None
    low: int | None = None
    high: int | None = None
    longest: int | None = None


@dataclass(frozen=True)
class Shape:
    """The inputs of one action; `one_of` are groups of which exactly one member is given, `any_of` at least one."""

    inputs: Mapping[str, Input]
    one_of: tuple[tuple[str, ...], ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    never_both: tuple[tuple[str, str], ...] = ()
    open_ended: bool = False
    ignore_case: bool = False


def input_problems(inputs: Any, shape: Shape, path: Path, owner: str) -> Iterator[Problem]:
    """What is unknown, missing, doubled or of another type."""
    if not isinstance(inputs, dict):
        return
    given = _names(inputs, shape)
    for written, name in given.items():
        known = shape.inputs.get(name)
        if known is not None:
            yield from _value(inputs[written], known, written, (*path, written))
        elif not shape.open_ended:
            message = f'{owner} has no input "{written}"{did_you_mean(written, shape.inputs)}'
            yield Problem((*path, written), message, on_key=True)
    present = set(given.values())
    for name, known in shape.inputs.items():
        if known.required and name not in present:
            yield Problem(path, f'{owner} needs the input "{name}"')
    yield from _groups(present, shape, path, owner)


def _names(inputs: Mapping[str, Any], shape: Shape) -> dict[str, str]:
    if not shape.ignore_case:
        return {name: name for name in inputs}
    folded = {name.lower(): name for name in shape.inputs}
    return {name: folded.get(name.lower(), name) for name in inputs}


def _groups(present: set[str], shape: Shape, path: Path, owner: str) -> Iterator[Problem]:
    for group in shape.one_of:
        count = len(present.intersection(group))
        if count != 1:
            names = " or ".join(f'"{name}"' for name in group)
            yield Problem(path, f"{owner} needs {'just one of' if count else 'the input'} {names}")
    for group in shape.any_of:
        if not present.intersection(group):
            names = " or ".join(f'"{name}"' for name in group)
            yield Problem(path, f"{owner} needs the input {names}")
    for first, second in shape.never_both:
        if first in present and second in present:
            yield Problem((*path, second), f'"{first}" and "{second}" exclude each other', on_key=True)


def _value(value: Any, known: Input, name: str, path: Path) -> Iterator[Problem]:
    if is_open(value):
        return
    if not _has_type(value, known.type):
        yield Problem(path, f"{name} is {_WORDS[known.type]}, not {described(value)}")
        return
    if known.values and str(value) not in known.values:
        guess = did_you_mean(value, known.values)
        yield Problem(path, f"{name} is one of {', '.join(known.values)}, not {described(value)}{guess}")
    if known.pattern and isinstance(value, str) and re.fullmatch(known.pattern, value) is None:
        yield Problem(path, f"{name} does not have the form that it needs: {described(value)}")
    yield from _bounds(value, known, name, path)


def _bounds(value: Any, known: Input, name: str, path: Path) -> Iterator[Problem]:
    number = integer(value) if known.type == "Integer" else None
    if number is not None and known.low is not None and number < known.low:
        yield Problem(path, f"{name} is at least {known.low:,}, not {number:,}")
    if number is not None and known.high is not None and number > known.high:
        yield Problem(path, f"{name} is at most {known.high:,}, not {number:,}")
    if known.longest is not None and isinstance(value, str | list) and len(value) > known.longest:
        unit = "characters" if isinstance(value, str) else "items"
        yield Problem(path, f"{name} has at most {known.longest:,} {unit}, not {len(value):,}")


_WORDS = {
    "String": "text",
    "Name": "text or a number",
    "List": "a list",
    "StringList": "a list of texts",
    "Integer": "a whole number",
    "Boolean": "true or false",
    "Map": "a mapping",
    "MapList": "a list of mappings",
    "Any": "anything",
}


def is_open(value: Any) -> bool:
    """Whether the value is only known when the step runs."""
    return isinstance(value, Intrinsic) or (isinstance(value, str) and REFERENCE.search(value) is not None)


def integer(value: Any) -> int | None:
    """The number that a value is or spells, else None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value.strip()):
        return int(value)
    return None


def _has_type(value: Any, wanted: str) -> bool:
    match wanted:
        case "String":
            return isinstance(value, str)
        case "Name":
            return isinstance(value, str | int) and not isinstance(value, bool)
        case "List":
            return isinstance(value, list)
        case "StringList":
            return isinstance(value, list) and all(isinstance(item, str | int) for item in value)
        case "Integer":
            return integer(value) is not None
        case "Boolean":
            return isinstance(value, bool) or str(value).lower() in {"true", "false"}
        case "Map":
            return isinstance(value, dict)
        case "MapList":
            return isinstance(value, list) and all(isinstance(item, dict) or is_open(item) for item in value)
    return True
