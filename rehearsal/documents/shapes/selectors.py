"""Selectors: the part of JSONPath that Automation reads (user guide, "Using action outputs as inputs")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["member", "index", "wildcard", "slice", "descent", "filter"]


@dataclass(frozen=True)
class Part:
    """One step of a selector; `name` for members and descents, else the text inside the brackets."""

    kind: Kind
    name: str


class SelectorError(ValueError):
    """A selector that Automation cannot read."""


_NAME = r"[^\s.\[\]'\"$@*?()]+"
_TOKEN = re.compile(
    rf"""\.\.(?P<descent>{_NAME}|\*)?
    |\.(?P<member>{_NAME})
    |\.'(?P<quoted>[^']+)'
    |\.(?P<any>\*)
    |\[(?P<index>-?\d+)\]
    |\[(?P<slice>-?\d*:-?\d*(?::-?\d+)?)\]
    |\[(?P<all>\*)\]
    |\[(?P<several>-?\d+(?:,-?\d+)+)\]
    |\[(?:'(?P<single>[^']+)'|"(?P<double>[^"]+)")\]
    |\[\?\((?P<filter>(?:[^()'"]|'[^']*'|"[^"]*"|\([^()]*\))+)\)\]
    |\.(?P<function>(?:length|min|max|avg|sum|keys)\(\))
    """,
    re.VERBOSE,
)
_LONGEST = 2000


def parse_selector(text: str) -> list[Part]:
    """The parts of a selector; raises SelectorError with what is wrong."""
    stripped = text.strip()
    if len(stripped) > _LONGEST:
        raise SelectorError("the selector is too long")
    if stripped.startswith("$"):
        stripped = stripped[1:]
    elif stripped and not stripped.startswith((".", "[")):
        raise SelectorError('a selector begins with "$"')
    elif not stripped:
        raise SelectorError("the selector is empty")
    parts: list[Part] = []
    position = 0
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise SelectorError(f'"{stripped[position : position + 20]}" is not understood')
        parts.append(_part(match))
        position = match.end()
    return parts


def _part(match: re.Match[str]) -> Part:
    name = match.lastgroup or "descent"
    text = match[name] or ""
    if name in {"member", "quoted", "single", "double"}:
        return Part("member", text)
    if name == "filter":
        if "&&" in text or "||" in text:
            raise SelectorError("a filter may have one comparison, without && and ||")
        return Part("filter", text)
    kinds: dict[str, Kind] = {"index": "index", "slice": "slice", "several": "slice", "descent": "descent"}
    return Part(kinds.get(name, "wildcard"), text)


def walk(shape: Any, parts: list[Part]) -> tuple[Any, str | None]:
    """Follow a selector through an operation's output.

    The shape it ends at, or None where that cannot be said; and the member that the output has not.
    """
    for part in parts:
        if shape is None or part.kind == "descent" or (part.kind == "wildcard" and part.name.endswith(")")):
            return None, None
        if part.kind == "member":
            if shape.type_name == "structure":
                if shape.is_document_type:
                    return None, None
                if part.name not in shape.members:
                    return None, None if part.name == "ResponseMetadata" else part.name
                shape = shape.members[part.name]
            elif shape.type_name == "map":
                shape = shape.value
            elif shape.type_name == "list":
                return None, None
            else:
                return None, part.name
        elif shape.type_name == "list":
            shape = shape.member if part.kind == "index" else None
        else:
            return None, None
    return shape, None
