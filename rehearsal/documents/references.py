"""``{{ … }}`` in documents: where they stand and what they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.documents.model import Intrinsic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.source import Path

REFERENCE = re.compile(r"\{\{\s*([^\s{}]+)\s*\}\}")
"""A reference has no inner space: ``{{ODBC Driver 18 for SQL Server}}`` is text, and AWS's own documents rely on it."""

GLOBALS = frozenset({"ACCOUNT_ID", "DATE", "DATE_TIME", "REGION", "AWS_PARTITION"})
PSEUDO = frozenset({"RESOURCE_ID", "TARGETS", "WINDOW_ID", "WINDOW_TARGET_ID"})
"""What a maintenance window or a rate-controlled run fills in."""


@dataclass(frozen=True)
class Reference:
    """One ``{{ name }}``; `whole` when it is all of its value, so that it keeps its type."""

    name: str
    path: Path
    whole: bool
    offset: int
    text: str

    @property
    def line_and_column(self) -> tuple[int, int]:
        """Where in its text it stands, from one."""
        before = self.text[: self.offset]
        return before.count("\n") + 1, self.offset - (before.rfind("\n") + 1) + 1


def references_in(value: Any, path: Path) -> Iterator[Reference]:
    """Every reference in a value, keys excepted: the service does not look into keys."""
    if isinstance(value, Intrinsic):
        return
    if isinstance(value, str):
        for match in REFERENCE.finditer(value):
            yield Reference(match[1], path, match[0] == value.strip(), match.start(), value)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from references_in(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from references_in(item, (*path, key))


def has_reference(value: Any) -> bool:
    """Whether the value, or anything in it, is only known when the document runs."""
    return isinstance(value, Intrinsic) or next(references_in(value, ()), None) is not None or _holds_intrinsic(value)


def _holds_intrinsic(value: Any) -> bool:
    if isinstance(value, list):
        return any(_holds_intrinsic(item) for item in value)
    if isinstance(value, dict):
        return any(_holds_intrinsic(item) for item in value.values())
    return isinstance(value, Intrinsic)
