"""JSON with positions. The standard library's reader tells none, and lets duplicate keys pass."""

from __future__ import annotations

import bisect
import re
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined] # the C scanner, not in typeshed
from typing import TYPE_CHECKING, Any

from rehearsal.documents.reading.result import MAX_DEPTH, MAX_VALUES, Reading, check_size
from rehearsal.documents.source import Path, TextOrigin

if TYPE_CHECKING:
    from rehearsal.documents.model import DocumentError

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: tuple[tuple[str, Any], ...] = (("true", True), ("false", False), ("null", None))


def read_json(text: str, file: str) -> Reading:
    """Read JSON; raises DocumentError with the place of what is wrong."""
    check_size(text, file)
    return _Reader(text, file).read()


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._reading = Reading(file, text)
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._count = 0

    def read(self) -> Reading:
        start = 1 if self._text.startswith("\ufeff") else 0
        value, end = self._value(start, (), 0)
        end = self._skip(end)
        if end != len(self._text):
            raise self._error("there is more text after the end of the JSON value", end)
        self._reading.value = value
        return self._reading

    def _position(self, index: int) -> tuple[int, int]:
        line = bisect.bisect_right(self._line_starts, index)
        return line, index - self._line_starts[line - 1] + 1

    def _error(self, message: str, index: int) -> DocumentError:
        return self._reading.error(message, *self._position(index))

    def _skip(self, index: int) -> int:
        match = _SPACE.match(self._text, index)
        return match.end() if match else index

    def _value(self, index: int, path: Path, depth: int) -> tuple[Any, int]:
        index = self._skip(index)
        self._count += 1
        if depth > MAX_DEPTH:
            raise self._error(f"values nested more than {MAX_DEPTH} deep are not read", index)
        if self._count > MAX_VALUES:
            raise self._error(f"more than {MAX_VALUES:,} values are not read", index)
        self._reading.values[path] = self._position(index)
        match self._text[index : index + 1]:
            case "{":
                return self._object(index, path, depth)
            case "[":
                return self._array(index, path, depth)
            case '"':
                line, column = self._position(index)
                self._reading.origins[path] = TextOrigin(self._reading.file, line, column, line_by_line=False)
                return self._string(index)
            case _:
                return self._scalar(index)

    def _string(self, index: int) -> tuple[str, int]:
        try:
            found: tuple[str, int] = scanstring(self._text, index + 1, True)
        except JSONDecodeError as error:
            raise self._error(f"not well-formed JSON: {error.msg}", error.pos) from error
        return found

    def _scalar(self, index: int) -> tuple[Any, int]:
        for word, value in _WORDS:
            if self._text.startswith(word, index):
                return value, index + len(word)
        match = _NUMBER.match(self._text, index)
        if match is None:
            raise self._error("not well-formed JSON: a value is expected here", index)
        try:
            number = float(match[0]) if match[1] or match[2] else int(match[0])
        except ValueError as error:
            raise self._error("the number has more digits than are read", index) from error
        return number, match.end()

    def _array(self, index: int, path: Path, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        end = self._skip(index + 1)
        if self._text.startswith("]", end):
            return items, end + 1
        while True:
            item, end = self._value(end, (*path, len(items)), depth + 1)
            items.append(item)
            end = self._skip(end)
            if self._text.startswith("]", end):
                return items, end + 1
            if not self._text.startswith(",", end):
                raise self._error("not well-formed JSON: ',' or ']' is expected here", end)
            end += 1

    def _object(self, index: int, path: Path, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        end = self._skip(index + 1)
        if self._text.startswith("}", end):
            return found, end + 1
        while True:
            key_start = end = self._skip(end)
            if not self._text.startswith('"', end):
                raise self._error("not well-formed JSON: a key in double quotes is expected here", end)
            key, end = self._string(end)
            if key in found:
                raise self._error(f'the key "{key}" occurs twice', key_start)
            end = self._skip(end)
            if not self._text.startswith(":", end):
                raise self._error("not well-formed JSON: ':' is expected here", end)
            self._reading.keys[(*path, key)] = self._position(key_start)
            found[key], end = self._value(end + 1, (*path, key), depth + 1)
            end = self._skip(end)
            if self._text.startswith("}", end):
                return found, end + 1
            if not self._text.startswith(",", end):
                raise self._error("not well-formed JSON: ',' or '}' is expected here", end)
            end += 1
