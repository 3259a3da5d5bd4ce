"""The rule language of composite alarms: `ALARM(a) AND (OK("b c") OR NOT INSUFFICIENT_DATA(arn:…))`.

Source: API reference of PutCompositeAlarm, `AlarmRule`: functions ALARM, OK and INSUFFICIENT_DATA of an alarm's name or
ARN, which is quoted where it has parentheses, spaces or commas in it; TRUE and FALSE; AND, OR and NOT; parentheses.
AND binds closer than OR, NOT closest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST = 10_240
MAX_ALARMS = 100
MAX_DEPTH = 50
STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*
            (?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[^\s()"',]+))\s*\)
      | (?P<word>AND|OR|NOT|TRUE|FALSE)(?![\w-])
      | (?P<mark>[()])
    )""",
    re.VERBOSE | re.IGNORECASE,
)


class RuleError(ValueError):
    """The text is no rule; the message says where."""


@dataclass(frozen=True)
class Rule:
    """A parsed rule. `alarms` are the names that it refers to, in their order."""

    alarms: tuple[str, ...]
    _holds: Callable[[Callable[[str], str]], bool]

    def holds(self, state_of: Callable[[str], str]) -> bool:
        """Whether the rule is true, with the states of alarms by their names."""
        return self._holds(state_of)


def parse_rule(text: str) -> Rule:
    """Read a rule. Raises RuleError."""
    if len(text) > LONGEST:
        raise RuleError(f"An alarm rule has at most {LONGEST} characters.")
    reader = _Reader(text)
    holds = reader.either(0)
    if (token := reader.peek()) is not None:
        raise RuleError(f"Unexpected {token[0].strip()!r} at position {token.start()} of the alarm rule.")
    if len(reader.alarms) > MAX_ALARMS:
        raise RuleError(f"An alarm rule refers to at most {MAX_ALARMS} alarms.")
    return Rule(tuple(reader.alarms), holds)


def name_of(reference: str) -> str:
    """Return an alarm's name by its name or ARN."""
    return reference.split(":alarm:", 1)[1] if reference.startswith("arn:") and ":alarm:" in reference else reference


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0
        self.alarms: dict[str, None] = {}

    def peek(self) -> re.Match[str] | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def either(self, depth: int) -> Callable[[Callable[[str], str]], bool]:
        parts = [self._both(depth)]
        while self._take("OR"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else lambda state_of: any(part(state_of) for part in parts)

    def _both(self, depth: int) -> Callable[[Callable[[str], str]], bool]:
        parts = [self._one(depth)]
        while self._take("AND"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else lambda state_of: all(part(state_of) for part in parts)

    def _one(self, depth: int) -> Callable[[Callable[[str], str]], bool]:
        if depth > MAX_DEPTH:
            raise RuleError(f"An alarm rule nests at most {MAX_DEPTH} levels here.")
        if self._take("NOT"):
            inner = self._one(depth + 1)
            return lambda state_of: not inner(state_of)
        if self._take("("):
            inner = self.either(depth + 1)
            if not self._take(")"):
                raise RuleError("A parenthesis of the alarm rule is not closed.")
            return inner
        for word in ("TRUE", "FALSE"):
            if self._take(word):
                return lambda _, is_true=(word == "TRUE"): is_true  # type: ignore[misc] # a default binds the word
        return self._function()

    def _function(self) -> Callable[[Callable[[str], str]], bool]:
        token = self.peek()
        if token is None or token["state"] is None:
            where = f"at position {token.start()}" if token else "at its end"
            raise RuleError(f"The alarm rule lacks ALARM(…), OK(…), INSUFFICIENT_DATA(…), TRUE or FALSE {where}.")
        self._next += 1
        quoted = token["double"] if token["double"] is not None else token["single"]
        name = name_of(token["bare"] or re.sub(r"\\(.)", r"\1", quoted or ""))
        wanted = token["state"].upper()
        self.alarms[name] = None
        return lambda state_of: state_of(name) == wanted

    def _take(self, text: str) -> bool:
        token = self.peek()
        if token is None or (token["word"] or token["mark"] or "").upper() != text:
            return False
        self._next += 1
        return True


def _tokens(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if found is None:
            raise RuleError(
                f"The alarm rule cannot be understood at position {position}: {text[position:].strip()[:60]!r}"
            )
        yield found
        position = found.end()
