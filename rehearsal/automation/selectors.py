"""Selectors: the part of JSONPath that Automation documents (reference §4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rehearsal.automation.errors import InvalidInputError


@dataclass(frozen=True)
class Selector:
    """A compiled selector. `definite` selectors name one place; others always select a list."""

    text: str
    definite: bool
    path: Any

    def select(self, document: Any) -> Any:
        """Return what is selected: a list for an indefinite selector, else the value. Raises `KeyError` on a miss."""
        found = [match.value for match in self.path.find(document)]
        if not self.definite:
            return found
        if not found:
            raise KeyError(self.text)
        return found[0]


@lru_cache(maxsize=4096)
def compile_selector(text: str) -> Selector:
    """Compile a selector. Raises `InvalidInputError` for what Automation does not support."""
    from jsonpath_ng.exceptions import JSONPathError  # noqa: PLC0415 - the parser is slow to import and not always needed
    from jsonpath_ng.ext.parser import parse  # noqa: PLC0415 - the same

    if "&&" in text or "||" in text or "=~" in text:
        raise InvalidInputError(f"The selector {text} combines conditions; a filter takes one comparison.")
    try:
        path = parse(text)
    except (JSONPathError, ValueError, AttributeError) as error:
        raise InvalidInputError(f"The selector {text} is not a JSONPath: {error}") from error
    return Selector(text, _definite(path), path)


def _definite(path: Any) -> bool:
    kind = type(path).__name__
    if kind == "Child":
        return _definite(path.left) and _definite(path.right)
    if kind == "Fields":
        return len(path.fields) == 1 and path.fields[0] != "*"
    if kind == "Index":
        return len(getattr(path, "indices", (0,))) == 1
    return kind in {"Root", "This"}


def field_path(selector: Selector) -> list[str | int] | None:
    """Return the steps of a definite selector as field names and indexes, or None for another."""
    if not selector.definite:
        return None
    steps: list[str | int] = []
    _collect(selector.path, steps)
    return steps


def _collect(path: Any, steps: list[str | int]) -> None:
    kind = type(path).__name__
    if kind == "Child":
        _collect(path.left, steps)
        _collect(path.right, steps)
    elif kind == "Fields":
        steps.append(str(path.fields[0]))
    elif kind == "Index":
        steps.append(int(path.indices[0]))
