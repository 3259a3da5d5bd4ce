"""Plain scalars and their YAML 1.1 types; block scalars and their folding."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.agent.yamlsubset.errors import YamlError

_BOOLEANS = {
    text: value
    for words, value in ((("yes", "true", "on"), True), (("no", "false", "off"), False))
    for word in words
    for text in (word, word.capitalize(), word.upper())
}
_NULLS = {"", "~", "null", "Null", "NULL"}
_INTEGER = re.compile(
    r"[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+"
)
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_HEADER = re.compile(r"[|>](?:([1-9])?([-+])?|([-+])([1-9])?)(?:[ \t]+#.*|[ \t]*)")
_SEXAGESIMAL = 60


def resolve_plain(text: str) -> Any:
    """The value of a plain scalar."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return _float(text)
    return text


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    if ":" in digits:
        total = 0
        for part in digits.split(":"):
            total = total * _SEXAGESIMAL + int(part)
        return sign * total
    if digits.startswith(("0b", "0x")):
        return sign * int(digits, 0)
    return sign * int(digits, 8 if digits != "0" and digits.startswith("0") else 10)


def _float(text: str) -> float:
    digits = text.replace("_", "").lower()
    sign = -1.0 if digits.startswith("-") else 1.0
    digits = digits.lstrip("+-")
    if digits in {".inf", ".nan"}:
        return sign * float(digits[1:])
    total = 0.0
    for part in digits.split(":"):
        total = total * _SEXAGESIMAL + float(part)
    return sign * total


def fold(lines: list[str]) -> str:
    """Lines of a plain or quoted scalar as one: a break is a space, each empty line in between a newline."""
    out = lines[0]
    empty = 0
    for number, line in enumerate(lines[1:], start=2):
        if not line and number < len(lines):
            empty += 1
            continue
        out += ("\n" * empty or " ") + line
        empty = 0
    return out


def read_block_scalar(
    header: str, lines: list[str], first: int, parent: int, *, ends_with_newline: bool
) -> tuple[str, int]:
    """A literal or folded scalar whose text begins at `lines[first]`; its value, and the index of the line after it.

    `parent` is the indentation of what the scalar belongs to, -1 at the top.
    """
    found = _HEADER.fullmatch(header)
    if not found:
        raise YamlError(f"{header.strip()!r} does not begin a block scalar: after | or > come only 1-9, + or -", first)
    chomping = found[2] or found[3] or ""
    digit = found[1] or found[4]
    indent = max(parent, 0) + int(digit) if digit else _detect_indent(lines, first, parent)
    end = first
    while end < len(lines) and (not lines[end].strip(" ") or _indent_of(lines[end]) >= indent):
        end += 1
    taken = [line[indent:] for line in lines[first:end]]
    while taken and not taken[-1]:
        taken.pop()
    trailing = "\n" * (end - first - len(taken))
    final = "" if end == len(lines) and not trailing and not ends_with_newline else "\n"
    text = _fold_block(taken) if header[0] == ">" else "\n".join(taken)
    if not taken:
        return (trailing if chomping == "+" else ""), end
    return text + {"-": "", "": final, "+": final + trailing}[chomping], end


def _indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _detect_indent(lines: list[str], first: int, parent: int) -> int:
    longest = 0
    for number in range(first, len(lines)):
        line = lines[number]
        if line.strip(" "):
            indent = _indent_of(line)
            if indent > parent and longest > indent:
                raise YamlError(
                    "an empty line at the start of a block scalar is indented more than its text", first + 1
                )
            return max(indent, parent + 1)
        longest = max(longest, len(line))
    return max(parent + 1, longest)


def _fold_block(lines: list[str]) -> str:
    out: list[str] = []
    breaks = 0
    previous: str | None = None
    for line in lines:
        if not line:
            breaks += 1
            continue
        if previous is not None:
            both_plain = previous[0] not in " \t" and line[0] not in " \t"
            out.append(("" if breaks else " ") if both_plain else "\n")
        out += ["\n" * breaks, line]
        previous, breaks = line, 0
    return "".join(out)
