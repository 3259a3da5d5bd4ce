"""Block collections: structure by indentation."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.agent.yamlsubset.errors import REFUSED, YamlError
from rehearsal.agent.yamlsubset.flow import FlowReader
from rehearsal.agent.yamlsubset.scalars import fold, read_block_scalar, resolve_plain

_ITEM = re.compile(r"-(?:[ \t]|$)")
_PLAIN_KEY = re.compile(
    r"(?:[^\s,\[\]{}#&*!|>'\"%@`:?-]|[:?-](?=\S))(?:[^\s:#]|:(?=\S)|(?<=\S)#|[ \t]+(?=[^\s#:]|:\S))*[ \t]*:(?=[ \t]|$)"
)
_COMMENT = re.compile(r"(?:^|[ \t])#.*")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_DEPTH = 64
_MAX_KEY = 1024


class BlockReader:
    """Reads a whole text. A line that begins with `- ` is read with the dash blanked out: what follows is indented."""

    def __init__(self, text: str) -> None:
        unprintable = _UNPRINTABLE.search(text.removeprefix("\ufeff"))
        if unprintable:
            line = text.count("\n", 0, unprintable.start()) + 1
            raise YamlError(f"the character {unprintable[0]!r} cannot be in YAML", line)
        normal = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        self._ends_with_newline = normal.endswith("\n")
        self._lines = normal.removesuffix("\n").split("\n")
        self._at = 0
        self._depth = 0

    def read(self) -> Any:
        if self._next() and self._line().startswith("%"):
            raise self._error("directives (%) are not read")
        self._start_of_document()
        value = self._node(-1) if self._next() and not self._is_marker() else None
        if self._next() and self._line().rstrip() == "...":
            self._at += 1
        if self._next():
            what = (
                "a second document begins"
                if self._is_marker()
                else "this is not part of what stands above; check its indentation"
            )
            raise self._error(what)
        return value

    def _start_of_document(self) -> None:
        if self._next() and re.match(r"---(?:[ \t]|$)", self._line()):
            self._lines[self._at] = "   " + self._line()[3:]
            if not _COMMENT.sub("", self._line()).strip():
                self._at += 1

    def _error(self, message: str) -> YamlError:
        return YamlError(message, self._at + 1)

    def _line(self) -> str:
        return self._lines[self._at]

    def _indent(self) -> int:
        line = self._line()
        return len(line) - len(line.lstrip(" "))

    def _is_marker(self) -> bool:
        return bool(re.match(r"(?:---|\.\.\.)(?:[ \t]|$)", self._line()))

    def _next(self) -> bool:
        """Go to the next line with something on it; False at the end."""
        while self._at < len(self._lines):
            stripped = self._line().strip(" \t")
            if stripped and not stripped.startswith("#"):
                if self._line().lstrip(" ").startswith("\t"):
                    raise self._error("indentation is by spaces; this line has a tab")
                return True
            self._at += 1
        return False

    def _node(self, parent: int) -> Any:
        """The node that begins on this line, which is indented more than `parent` (or holds a list of it)."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"collections are nested more than {_MAX_DEPTH} deep")
        indent = self._indent()
        content = self._line()[indent:]
        if _ITEM.match(content):
            value: Any = self._sequence(indent)
        elif self._key_end(content) is not None:
            value = self._mapping(indent)
        else:
            value = self._scalar(indent, parent)
        self._depth -= 1
        return value

    def _sequence(self, indent: int) -> list[Any]:
        items: list[Any] = []
        while (
            self._next() and self._indent() == indent and _ITEM.match(self._line()[indent:]) and not self._is_marker()
        ):
            line = self._line()
            self._lines[self._at] = line[:indent] + " " + line[indent + 1 :].replace("\t", " ", 1)
            if _COMMENT.sub("", self._line()).strip():
                items.append(self._node(indent))
                continue
            self._at += 1
            has_value = self._next() and self._indent() > indent
            items.append(self._node(indent) if has_value else None)
        self._check_indent(indent)
        return items

    def _mapping(self, indent: int) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while self._next() and self._indent() == indent and not self._is_marker():
            content = self._line()[indent:]
            if _ITEM.match(content):
                break
            end = self._key_end(content)
            if end is None:
                raise self._error("expected a key followed by a colon and a space")
            key = self._key(content[:end])
            if key in items:
                raise self._error(f"the key {key!r} is there twice")
            items[key] = self._value(indent, indent + end + 1)
        self._check_indent(indent)
        return items

    def _check_indent(self, indent: int) -> None:
        if self._next() and self._indent() > indent:
            raise self._error("this line is indented more than what it follows")

    def _key_end(self, content: str) -> int | None:
        """Where the colon behind a key is, None when the line begins with no key."""
        if content[:1] in {'"', "'"}:
            line_end = content + "\n"
            reader = FlowReader(line_end, 0, self._at + 1)
            try:
                reader.read()
            except YamlError:
                return None
            colon = re.compile(r"[ \t]*:(?=[ \t]|$)").match(content, reader.at)
            return colon.end() - 1 if colon else None
        if content.startswith("? ") or content == "?":
            raise self._error("explicit keys (?) are not read")
        found = _PLAIN_KEY.match(content[: _MAX_KEY + 2])
        return found.end() - 1 if found else None

    def _key(self, text: str) -> str:
        stripped = text.strip(" \t")
        if stripped == "<<":
            raise self._error("merge keys (<<) are not read; write the keys out")
        if stripped[:1] in {'"', "'"}:
            return str(FlowReader(stripped, 0, self._at + 1).read())
        return stripped

    def _value(self, indent: int, column: int) -> Any:
        """What follows a key's colon, on its line or below it."""
        rest = self._line()[column:]
        if _COMMENT.sub("", rest).strip(" \t"):
            start = column + len(rest) - len(rest.lstrip(" \t"))
            return self._scalar(start, indent)
        self._at += 1
        if not self._next() or self._is_marker():
            return None
        below = self._indent()
        if below > indent or (below == indent and _ITEM.match(self._line()[below:])):
            return self._node(indent)
        return None

    def _scalar(self, column: int, parent: int) -> Any:
        """A scalar or flow collection that begins at `column` of this line."""
        line = self._line()
        first = line[column]
        if first in "|>":
            self._at += 1
            value, self._at = read_block_scalar(
                line[column:], self._lines, self._at, parent, ends_with_newline=self._ends_with_newline
            )
            return value
        if first in REFUSED:
            raise self._error(REFUSED[first])
        if first in "\"'[{":
            return self._flow(column)
        if first in ",]}" or (first in "-?:" and line[column + 1 : column + 2] in {"", " ", "\t"}):
            raise self._error(f"a value cannot begin with {first!r} here; quote it")
        return resolve_plain(self._plain(column, parent))

    def _flow(self, column: int) -> Any:
        text, reader, value = self._read_flow(column)
        end = text.find("\n", reader.at)
        rest = text[reader.at : end if end >= 0 else len(text)]
        self._at += text.count("\n", 0, reader.at)
        if _COMMENT.sub("", rest).strip(" \t"):
            raise self._error(f"{rest.strip()!r} follows a value that has ended")
        self._at += 1
        return value

    def _read_flow(self, column: int) -> tuple[str, FlowReader, Any]:
        """Most values end on their own line: further lines are only looked at when this one does not suffice."""
        remaining = len(self._lines) - self._at
        for count in (1, min(64, remaining), remaining):
            text = "\n".join(self._lines[self._at : self._at + count])
            reader = FlowReader(text, column, self._at + 1)
            try:
                return text, reader, reader.read()
            except YamlError:
                if count == remaining:
                    raise
        raise AssertionError  # the last count is always `remaining`

    def _plain(self, column: int, parent: int) -> str:
        lines = [self._plain_part(self._line()[column:])]
        commented = bool(_COMMENT.search(self._line()[column:]))
        self._at += 1
        while not commented and self._at < len(self._lines):
            line = self._line()
            text = line.strip(" \t")
            if text and (self._indent() <= parent or text.startswith("#") or self._is_marker()):
                break
            lines.append(self._plain_part(line) if text else "")
            commented = bool(_COMMENT.search(line))
            self._at += 1
        while not lines[-1]:
            lines.pop()
        return fold(lines)

    def _plain_part(self, text: str) -> str:
        part = _COMMENT.sub("", text, count=1).strip(" \t")
        if re.search(r":(?:[ \t]|$)", part):
            raise self._error("a colon and a space stand in a plain value; quote the value")
        return part
