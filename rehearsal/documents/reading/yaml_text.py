"""YAML with positions, read event by event: PyYAML's own constructor keeps no places and lets duplicate keys pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from rehearsal.documents.reading.include import IncludeError, read_included
from rehearsal.documents.reading.intrinsics import is_short_form, long_form
from rehearsal.documents.reading.result import MAX_DEPTH, MAX_VALUES, Reading, check_size
from rehearsal.documents.reading.scalars import old_reading, resolve_plain
from rehearsal.documents.source import AmbiguousScalar, Path, TextOrigin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as FilePath

    from rehearsal.documents.model import DocumentError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_COLLECTIONS = {None, "!", f"{_CORE}map", f"{_CORE}seq"}


def read_yaml(text: str, file: str, *, path: FilePath | None = None) -> Reading:
    """Read one YAML document; `path` is what ``!file`` is relative to. Raises DocumentError with the place."""
    check_size(text, file)
    return _Reader(text, file, path).read()


@dataclass(frozen=True)
class _Anchor:
    value: Any
    path: Path
    size: int


class _Reader:
    def __init__(self, text: str, file: str, path: FilePath | None) -> None:
        self._reading = Reading(file, text)
        self._path = path
        self._anchors: dict[str, _Anchor] = {}
        self._open: set[str] = set()
        self._count = 0
        self._lines: list[str] | None = None

    def read(self) -> Reading:
        try:
            self._events: Iterator[Any] = iter(yaml.parse(self._reading.text, Loader=_LOADER))
            self._document()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            detail = ": ".join(part for part in (error.context, error.problem) if part)
            raise self._reading.error(f"not well-formed YAML: {detail}", line, column) from error
        except yaml.YAMLError as error:
            raise self._reading.error(f"not well-formed YAML: {_first_line(error)}", 1, 1) from error
        except UnicodeError as error:
            raise self._reading.error("the text has characters that UTF-8 cannot carry", 1, 1) from error
        return self._reading

    def _document(self) -> None:
        started = False
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if started:
                    raise self._error("a file holds one document, and a second one starts here", event)
                started = True
                self._reading.value = self._value(next(self._events), (), 0)

    def _error(self, message: str, event: Any) -> DocumentError:
        return self._reading.error(message, event.start_mark.line + 1, event.start_mark.column + 1)

    def _value(self, event: Any, path: Path, depth: int) -> Any:
        self._count += 1
        if depth > MAX_DEPTH:
            raise self._error(f"values nested more than {MAX_DEPTH} deep are not read", event)
        self._check_count(event)
        self._reading.values[path] = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if event.anchor is None:
            return self._tagged(event, path, depth)
        self._open.add(event.anchor)
        before = self._count
        value = self._tagged(event, path, depth)
        self._open.discard(event.anchor)
        self._anchors[event.anchor] = _Anchor(value, path, self._count - before + 1)
        return value

    def _check_count(self, event: Any) -> None:
        if self._count > MAX_VALUES:
            raise self._error(f"more than {MAX_VALUES:,} values (aliases expanded) are not read", event)

    def _alias(self, event: Any, path: Path) -> Any:
        if event.anchor in self._open:
            raise self._error(f"the alias *{event.anchor} stands inside of what it names", event)
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            raise self._error(f"the alias *{event.anchor} names no anchor above it", event)
        self._count += anchor.size
        self._check_count(event)
        self._reading.aliases[path] = anchor.path
        return anchor.value

    def _tagged(self, event: Any, path: Path, depth: int) -> Any:
        tag = event.tag
        if is_short_form(tag):
            self._reading.intrinsics.append(path)
            value = self._plain_value(event, (*path, long_form(tag, None)[0]), depth)
            name, argument = long_form(tag, value)
            return {name: argument}
        if tag == "!file":
            return self._file(event, path)
        return self._plain_value(event, path, depth)

    def _plain_value(self, event: Any, path: Path, depth: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if event.tag not in _COLLECTIONS and not is_short_form(event.tag):
            raise self._error(f"the tag {event.tag} is not known here", event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path, depth)
        return self._mapping(path, depth)

    def _sequence(self, path: Path, depth: int) -> list[Any]:
        items: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._value(event, (*path, len(items)), depth + 1))
        return items

    def _mapping(self, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, found)
            self._reading.keys[(*path, key)] = (event.start_mark.line + 1, event.start_mark.column + 1)
            if self._is_ambiguous(event):
                self._note_ambiguous(event, (*path, key))
            found[key] = self._value(next(self._events), (*path, key), depth + 1)
        return found

    def _key(self, event: Any, found: dict[str, Any]) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error("a key has to be a plain text", event)
        key = str(event.value)
        if key == "<<" and event.implicit[0]:
            raise self._error("merge keys (<<) are not part of YAML 1.2: write the keys out", event)
        if key in found:
            raise self._error(f'the key "{key}" occurs twice', event)
        return key

    def _scalar(self, event: Any, path: Path) -> Any:
        text = str(event.value)
        self._reading.origins[path] = self._origin(event)
        if not event.implicit[0]:
            return self._explicit(event, text)
        if self._is_ambiguous(event):
            self._note_ambiguous(event, path)
        try:
            return resolve_plain(text)
        except ValueError as error:
            raise self._error("the number has more digits than are read", event) from error

    def _explicit(self, event: Any, text: str) -> Any:
        tag = event.tag
        if tag in {None, "!", f"{_CORE}str"} or is_short_form(tag):
            return text
        if tag in {f"{_CORE}{kind}" for kind in ("int", "float", "bool", "null")}:
            try:
                return resolve_plain(text)
            except ValueError as error:
                raise self._error("the number has more digits than are read", event) from error
        raise self._error(f"the tag {tag} is not known here", event)

    def _is_ambiguous(self, event: Any) -> bool:
        return event.implicit[0] and old_reading(str(event.value)) is not None

    def _note_ambiguous(self, event: Any, path: Path) -> None:
        text = str(event.value)
        self._reading.ambiguous.append(AmbiguousScalar(path, text, old_reading(text) or ""))

    def _origin(self, event: Any) -> TextOrigin:
        mark = event.start_mark
        if event.style == "|":
            line = mark.line + 2
            return TextOrigin(self._reading.file, line, self._indentation(mark.line + 1) + 1, line_by_line=True)
        quoted = 1 if event.style in {"'", '"'} else 0
        return TextOrigin(self._reading.file, mark.line + 1, mark.column + 1 + quoted, line_by_line=False)

    def _indentation(self, index: int) -> int:
        if self._lines is None:
            self._lines = self._reading.text.split("\n")
        for line in self._lines[index:]:
            if line.strip():
                return len(line) - len(line.lstrip(" "))
        return 0

    def _file(self, event: Any, path: Path) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error("!file takes the path of one file", event)
        if self._path is None:
            raise self._error("!file works in a document that is itself a file", event)
        try:
            shown, text = read_included(self._path, str(event.value))
        except IncludeError as error:
            raise self._error(str(error), event) from error
        self._reading.included[str(shown)] = text
        self._reading.origins[path] = TextOrigin(str(shown), 1, 1, line_by_line=True)
        return text


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
