"""The keys of a document itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.model import Document, Intrinsic
from rehearsal.documents.rule import Problem
from rehearsal.documents.shapes.types import described
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TYPES: Mapping[type, str] = {str: "text", dict: "a mapping", list: "a list"}


def top_level_problems(document: Document, keys: Mapping[str, type]) -> Iterator[Problem]:
    """Unknown keys, and known keys with a value of another type."""
    for key, value in document.content.items():
        expected = keys.get(key)
        if expected is None:
            message = f'"{key}" is no key of this kind of document{did_you_mean(key, keys)}'
            yield Problem((key,), message, on_key=True)
        elif not isinstance(value, expected | Intrinsic) and key != "mainSteps":
            quotes = f': write "{value}", with quotes' if key == "schemaVersion" else ""
            message = f"{key} is {_TYPES[expected]}, not {described(value)}{quotes}"
            yield Problem((key,), message)
