"""Quoted scalars and flow collections: they may go on over several lines, whatever the indentation."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.agent.yamlsubset.errors import REFUSED, YamlError
from rehearsal.agent.yamlsubset.scalars import fold, resolve_plain

_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_CODES = {"x": 2, "u": 4, "U": 8}
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")
_MAX_DEPTH = 64
_LAST_CODE_POINT = 0x10FFFF


class FlowReader:
    """Reads one quoted scalar or flow collection of `text` from `at` on; afterwards `at` is behind it."""

    def __init__(self, text: str, at: int, first_line: int) -> None:
        self.text = text
        self.at = at
        self._first_line = first_line
        self._depth = 0

    def read(self) -> Any:
        character = self._peek()
        if character in "\"'":
            return self._quoted()
        if character == "[":
            return self._sequence()
        if character == "{":
            return self._mapping()
        return resolve_plain(self._plain())

    def error(self, message: str) -> YamlError:
        return YamlError(message, self._first_line + self.text.count("\n", 0, self.at))

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _skip_blank(self) -> None:
        """White space, line ends and comments."""
        while True:
            character = self._peek()
            if character and character in " \t\n":
                self.at += 1
            elif character == "#" and self.text[self.at - 1 : self.at] in {" ", "\t", "\n", ""}:
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self.error(f"collections are nested more than {_MAX_DEPTH} deep")
        self.at += 1

    def _sequence(self) -> list[Any]:
        self._enter()
        items: list[Any] = []
        while True:
            self._skip_blank()
            if self._peek() == "]":
                break
            items.append(self._entry_of_sequence())
            self._separator("]")
        self.at += 1
        self._depth -= 1
        return items

    def _entry_of_sequence(self) -> Any:
        key = self._item()
        self._skip_blank()
        if self._is_colon():
            self.at += 1
            self._skip_blank()
            return {self._key_text(key): self._value_or_null()}
        return key[0]

    def _mapping(self) -> dict[str, Any]:
        self._enter()
        items: dict[str, Any] = {}
        while True:
            self._skip_blank()
            if self._peek() == "}":
                break
            name = self._key_text(self._item())
            if name in items:
                raise self.error(f"the key {name!r} is there twice")
            self._skip_blank()
            items[name] = None
            if self._is_colon():
                self.at += 1
                self._skip_blank()
                items[name] = self._value_or_null()
            self._separator("}")
        self.at += 1
        self._depth -= 1
        return items

    def _separator(self, end: str) -> None:
        self._skip_blank()
        character = self._peek()
        if character == ",":
            self.at += 1
        elif not character:
            raise self.error(f"the text ends before the {end} of a flow collection")
        elif character != end:
            raise self.error(f"expected , or {end} in a flow collection, found {character!r}")

    def _is_colon(self) -> bool:
        following = self.text[self.at + 1 : self.at + 2]
        return self._peek() == ":" and (
            following in {"", " ", "\t", "\n", ",", "]", "}"} or self.text[self.at - 1] in "\"'"
        )

    def _value_or_null(self) -> Any:
        return None if self._peek() in {",", "]", "}", ""} else self._item()[0]

    def _item(self) -> tuple[Any, str]:
        """A value, and its text for when it turns out to be a key."""
        character = self._peek()
        if character == "," or not character:
            raise self.error("a value is missing in a flow collection")
        if character in "[{":
            return self.read(), ""
        if character in "\"'":
            text = self._quoted()
            return text, text
        plain = self._plain()
        return resolve_plain(plain), plain

    def _key_text(self, item: tuple[Any, str]) -> str:
        value, text = item
        if isinstance(value, (list, dict)):
            raise self.error("a collection cannot be a key")
        if text == "<<":
            raise self.error("merge keys (<<) are not read; write the keys out")
        return text

    def _plain(self) -> str:
        first = self._peek()
        if first in REFUSED:
            raise self.error(REFUSED[first])
        if first == "?" and self.text[self.at + 1 : self.at + 2] in {" ", "\n", ""}:
            raise self.error("explicit keys (?) are not read")
        start = self.at
        while (character := self._peek()) and character not in ",[]{}":
            if character == ":" and self._is_colon():
                break
            if character == "#" and self.text[self.at - 1] in " \t\n":
                break
            self.at += 1
        lines = [line.strip(" \t") for line in self.text[start : self.at].split("\n")]
        while len(lines) > 1 and not lines[-1]:
            lines.pop()
        if not lines[0]:
            raise self.error(f"a value cannot begin with {self._peek()!r} here")
        return fold(lines)

    def _quoted(self) -> str:
        quote = self._peek()
        self.at += 1
        pieces = self._single() if quote == "'" else self._double()
        self.at += 1
        return pieces

    def _single(self) -> str:
        start = self.at
        while True:
            self.at = self.text.find("'", self.at)
            if self.at < 0:
                self.at = start
                raise self.error("a quoted value has no end")
            if self.text[self.at + 1 : self.at + 2] != "'":
                break
            self.at += 2
        lines = self.text[start : self.at].replace("''", "'").split("\n")
        return fold(_inner_stripped(lines))

    def _double(self) -> str:
        lines: list[str] = [""]
        kept = 0  # how much of the last line came from escapes, and is not stripped as white space
        start = self.at
        while (character := self._peek()) != '"':
            if not character:
                self.at = start
                raise self.error("a quoted value has no end")
            self.at += 1
            if character == "\\":
                lines[-1] += self._escape()
                kept = len(lines[-1])
            elif character == "\n":
                lines[-1] = lines[-1][:kept] + lines[-1][kept:].rstrip(" \t")
                lines.append("")
                kept = 0
                while self._peek() and self._peek() in " \t":
                    self.at += 1
            else:
                lines[-1] += character
        return fold(lines)

    def _escape(self) -> str:
        character = self._peek()
        self.at += 1
        if character == "\n":
            while self._peek() and self._peek() in " \t":
                self.at += 1
            return ""
        if character in _CODES:
            digits = self.text[self.at : self.at + _CODES[character]]
            if (
                len(digits) != _CODES[character]
                or not _HEXADECIMAL.fullmatch(digits)
                or int(digits, 16) > _LAST_CODE_POINT
            ):
                raise self.error(f"\\{character} needs {_CODES[character]} hexadecimal digits of a character")
            self.at += _CODES[character]
            return chr(int(digits, 16))
        if character not in _ESCAPES:
            raise self.error(f"\\{character} is not an escape; write \\\\ for a backslash")
        return _ESCAPES[character]


def _inner_stripped(lines: list[str]) -> list[str]:
    """White space around line ends does not count; that at the very ends does."""
    if len(lines) == 1:
        return lines
    middle = [line.strip(" \t") for line in lines[1:-1]]
    return [lines[0].rstrip(" \t"), *middle, lines[-1].lstrip(" \t")]
