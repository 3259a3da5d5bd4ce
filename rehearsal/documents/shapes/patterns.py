"""Regular expressions of documents. AWS evaluates them with Java's library, the agent with RE2, this with Python's."""

from __future__ import annotations

import re
from functools import lru_cache

_POSIX_CLASSES = {
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Upper": "A-Z",
    "Lower": "a-z",
    "Punct": r"!-/:-@\[-`{-~",
    "Space": r"\s",
    "XDigit": "0-9a-fA-F",
}
_WRONG_EVERYWHERE = ("unterminated", "missing ), unterminated", "unbalanced", "nothing to repeat", "bad escape (end")
"""What Python says of patterns that no library compiles; other complaints may be its own."""
MAX_RISKED = 20
_DEEPEST = 20
"""Groups in groups around a whole pattern that are looked into."""
MAX_TRIED = 4096
"""Characters of a value that are tried against a pattern; Python's engine may take very long on hostile ones."""


class PatternError(ValueError):
    """A pattern that does not compile."""


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str] | None:
    r"""The pattern in Python's words, or None where Python has none for it (``\p{L}``, ``&&`` in a class).

    Raises PatternError when it would not compile in Java either.
    """
    text = re.sub(r"\\p\{(\w+)\}", lambda m: f"[{_POSIX_CLASSES[m[1]]}]" if m[1] in _POSIX_CLASSES else m[0], pattern)
    text = text.replace(r"\z", r"\Z").replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!")
    if r"\p{" in text or r"\P{" in text or "&&[" in text or "[[" in text:
        return None
    text = re.sub(r"(\\[wWdDsS])-(?!\])", r"\1\\-", text)
    try:
        return re.compile(text)
    except re.error as error:
        if not error.msg.startswith(_WRONG_EVERYWHERE):
            return None
        raise PatternError(str(error)) from error
    except (RecursionError, OverflowError) as error:
        raise PatternError("too complex") from error


def matches(pattern: str, value: str) -> bool | None:
    """Whether a value matches as the service tries it (anywhere in the value); None where that cannot be said."""
    try:
        expression = compiled(pattern)
    except PatternError:
        return None
    if expression is None or len(value) > (MAX_RISKED if _may_explode(pattern) else MAX_TRIED):
        return None
    return expression.search(value) is not None


def _may_explode(pattern: str) -> bool:
    """Whether a repeated group repeats something itself, where matching may take exponential time."""
    return re.search(r"[*+}][^()]*\)(?:[*+]|\{\d+,)", pattern) is not None


def is_anchored(pattern: str) -> bool:
    r"""Whether every alternative begins with ``^`` and ends with ``$`` (or ``\A``, ``\z``)."""
    return all(_anchored(part, 0) for part in _alternatives(pattern.removeprefix("(?i)").removeprefix("(?s)")))


def _anchored(part: str, depth: int) -> bool:
    if part.startswith("(") and part.endswith(")") and depth < _DEEPEST and _closes_at_end(part):
        inner = part[1:-1].removeprefix("?:")
        return all(_anchored(piece, depth + 1) for piece in _alternatives(inner))
    ends = part.endswith((r"\z", r"\Z")) or (part.endswith("$") and not part.endswith(r"\$"))
    return part.startswith(("^", r"\A")) and ends


def _alternatives(pattern: str) -> list[str]:
    """The parts between the ``|`` of the outermost level."""
    parts, depth, start, index, in_class = [], 0, 0, 0, False
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            index += 1
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and depth == 0:
            parts.append(pattern[start:index])
            start = index + 1
        index += 1
    return [*parts, pattern[start:]]


def _closes_at_end(part: str) -> bool:
    return len(_alternatives(part)) == 1 and _group_end(part) == len(part) - 1


def _group_end(pattern: str) -> int:
    depth, index, in_class = 0, 0, False
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            index += 1
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return index
        index += 1
    return -1


_RE2_LACKS = {"look-ahead": ("(?=", "(?!"), "look-behind": ("(?<=", "(?<!"), "atomic groups": ("(?>",)}
_POSSESSIVE = re.compile(r"(?<!\\)[*+?}]\+")
_BACK_REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*\\[1-9]")


def refused_by_re2(pattern: str) -> str | None:
    """What a pattern uses that RE2 does not have, or None."""
    outside = re.sub(r"\[(?:\\.|[^\]\\])*\]", "[]", pattern)
    for name, marks in _RE2_LACKS.items():
        if any(mark in outside for mark in marks):
            return name
    if _POSSESSIVE.search(outside):
        return "possessive quantifiers"
    return "back-references" if _BACK_REFERENCE.search(outside) else None
