"""A table of the TOML file, for reading it strictly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from rehearsal.settings.errors import SettingsError, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_Entry = TypeVar("_Entry")


class Table:
    """A table of the file that knows where it stands, gives values of the asked type, and refuses unknown keys."""

    def __init__(self, path: Path, where: str, content: Mapping[str, Any]) -> None:
        self._path = path
        self._where = where
        self._content = content
        self._asked: set[str] = set()

    def error(self, key: str, problem: str) -> SettingsError:
        return SettingsError(f"{self._path}: {self._join(key)} {problem}")

    def text(self, key: str, default: str | None = None, *, pattern: str = r"(?s).+") -> str:
        value = self._value(key, default)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            expected = "a non-empty string" if pattern == r"(?s).+" else f"a string that matches {pattern}"
            raise self.error(key, f"must be {expected}, not {value!r}")
        return value

    def optional_text(self, key: str, *, pattern: str = r"(?s).+") -> str | None:
        self._asked.add(key)
        return self.text(key, pattern=pattern) if key in self._content else None

    def port(self, key: str, default: int) -> int:
        value = self._value(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 65535:  # noqa: PLR2004
            raise self.error(key, f"must be a port from 1 to 65535, not {value!r}")
        return value

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self._value(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            raise self.error(key, f"must be a list of strings, not {value!r}")
        return tuple(value)

    def folder_path(self, key: str, default: str | None = None) -> Path:
        return self._path.parent / self.text(key, default)

    def optional_path(self, key: str) -> Path | None:
        value = self.optional_text(key)
        return None if value is None else self._path.parent / value

    def paths(self, key: str) -> tuple[Path, ...]:
        return tuple(self._path.parent / item for item in self.texts(key))

    def strings(self, key: str) -> dict[str, str]:
        return self.table(key).all_strings()

    def all_strings(self) -> dict[str, str]:
        """All of this table. Numbers and booleans are refused: CloudFormation takes strings, and guesses go wrong."""
        for key, value in self._content.items():
            if not isinstance(value, str):
                raise self.error(key, f"must be a string (quote numbers and booleans), not {value!r}")
        return dict(self._content)

    def table(self, key: str) -> Table:
        value = self._value(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"must be a table, not {value!r}")
        return Table(self._path, self._join(key), value)

    def optional_table(self, key: str) -> Table | None:
        self._asked.add(key)
        return self.table(key) if key in self._content else None

    def tables(self, key: str) -> list[Table]:
        value = self._value(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(key, f"must be a list of tables ([[{self._join(key)}]]), not {value!r}")
        return [Table(self._path, f"{self._join(key)}[{index}]", item) for index, item in enumerate(value)]

    def named_tables(self) -> dict[str, Table]:
        """Every table in this one that has not been asked for by name."""
        return {key: self.table(key) for key in self._content if key not in self._asked}

    def done(self, entry: _Entry) -> _Entry:
        """The entry made of this table, once nothing in it is left over."""
        for key in self._content:
            if key not in self._asked:
                raise self.error(key, f"is not a known key{suggestion(key, self._asked)}")
        return entry

    def _value(self, key: str, default: object) -> Any:
        self._asked.add(key)
        if key not in self._content and default is None:
            raise self.error(key, "is missing")
        return self._content.get(key, default)

    def _join(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key
