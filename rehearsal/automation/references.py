"""References `{{ … }}`: finding them, and putting values in their place (reference §4.1, §4.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol

from rehearsal.automation.errors import InvalidInputError

# A reference has no inner spaces: `Driver={{ODBC Driver 18}}` is plain text.
REFERENCE = re.compile(r"\{\{\s*([A-Za-z0-9_]+(?:(?:\.|:)[A-Za-z0-9_./:-]+)?)\s*\}\}")


class Lookup(Protocol):
    """Finds the value of one reference; raises `InvalidInputError` when there is none."""

    def __call__(self, reference: str, /) -> Any: ...


def resolve(value: Any, lookup: Lookup) -> Any:
    """Return `value` with every reference replaced.

    A string that is one whole reference becomes the value in its own type; inside longer text, values become text.
    A whole reference to a list, as an element of a list, is flattened into it. Keys of maps are left as they are, as
    references there are not supported.
    """
    if isinstance(value, str):
        return _resolve_text(value, lookup)
    if isinstance(value, Mapping):
        return {key: resolve(entry, lookup) for key, entry in value.items()}
    if isinstance(value, list):
        return _resolve_list(value, lookup)
    return value


def _resolve_text(text: str, lookup: Lookup) -> Any:
    if "{{" not in text:
        return text
    whole = REFERENCE.fullmatch(text.strip())
    if whole:
        return lookup(whole[1])
    return REFERENCE.sub(lambda match: as_text(lookup(match[1])), text)


def _resolve_list(entries: list[Any], lookup: Lookup) -> list[Any]:
    resolved: list[Any] = []
    for entry in entries:
        result = resolve(entry, lookup)
        if isinstance(entry, str) and isinstance(result, list):
            resolved.extend(result)
        else:
            resolved.append(result)
    return resolved


def as_text(value: Any) -> str:
    """Return `value` as it reads inside longer text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def references_in(value: Any) -> set[str]:
    """Return every reference that occurs anywhere in `value`."""
    if isinstance(value, str):
        return set(REFERENCE.findall(value))
    if isinstance(value, Mapping):
        return set().union(*(references_in(entry) for entry in value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*(references_in(entry) for entry in value)) if value else set()
    return set()


def undefined(reference: str) -> InvalidInputError:
    """Return the error for a reference that nothing answers."""
    return InvalidInputError(
        f"Failed to resolve input: {reference}. {reference} is not defined in the Automation Document"
    )
