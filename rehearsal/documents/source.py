"""Where each value of a document stands in the files that it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str | int, ...]
"""Keys and indices from the root of a document: ``("mainSteps", 0, "inputs")``."""


@dataclass(frozen=True, order=True)
class Place:
    """A character in a file; line and column count from one."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class TextOrigin:
    """Where the text of a string value begins, and whether its lines are lines of that file."""

    file: str
    line: int
    column: int
    line_by_line: bool

    def place(self, line: int, column: int) -> Place:
        """The place of character (line, column) of the text; both count from one."""
        if not self.line_by_line:
            return Place(self.file, self.line, self.column)
        return Place(self.file, self.line + line - 1, self.column + column - 1)


@dataclass(frozen=True)
class AmbiguousScalar:
    """A plain scalar that YAML 1.1 readers take for something other than YAML 1.2 readers do."""

    path: Path
    text: str
    other_type: str


@dataclass(frozen=True)
class Source:
    """A document's text and the positions of its values, its keys and the text of its scripts."""

    file: str
    text: str
    values: Mapping[Path, tuple[int, int]] = field(default_factory=dict)
    keys: Mapping[Path, tuple[int, int]] = field(default_factory=dict)
    origins: Mapping[Path, TextOrigin] = field(default_factory=dict)
    aliases: Mapping[Path, Path] = field(default_factory=dict)
    included: Mapping[str, str] = field(default_factory=dict)
    ambiguous: tuple[AmbiguousScalar, ...] = ()
    intrinsics: tuple[Path, ...] = ()
    prefix: Path = ()
    """Where the document's root stands in the file: not empty for a document inside a template."""

    def place(self, path: Path, *, key: bool = False) -> Place:
        """The place of a value (or of its key), or of the nearest enclosing value that has one."""
        table, other = (self.keys, self.values) if key else (self.values, self.keys)
        written = self.prefix + path
        wanted = written if written in table else self._resolve(written)
        for length in range(len(wanted), -1, -1):
            found = table.get(wanted[:length]) or other.get(wanted[:length])
            if found:
                return Place(self.file, *found)
        return Place(self.file, 1, 1)

    def inside(self, path: Path, line: int, column: int = 1) -> Place:
        """The place of character (line, column) of the text at `path`: for an included script, in its own file."""
        origin = self.origins.get(self._resolve(self.prefix + path))
        return origin.place(line, column) if origin else self.place(path)

    def line_text(self, place: Place) -> str:
        """The source line of a place, for showing it with a caret; empty when there is none."""
        text = self.text if place.file == self.file else self.included.get(place.file, "")
        lines = text.split("\n", place.line)
        return lines[place.line - 1].rstrip("\r") if place.line <= len(lines) else ""

    def _resolve(self, path: Path) -> Path:
        """Follow YAML aliases: what stands under an alias has its positions at the anchor."""
        for _ in range(len(self.aliases)):
            for length in range(len(path), 0, -1):
                target = self.aliases.get(path[:length])
                if target is not None:
                    path = target + path[length:]
                    break
            else:
                break
        return path
