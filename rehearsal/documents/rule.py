"""What a rule is, what it is shown and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from rehearsal.documents.command import CommandDocument
from rehearsal.documents.model import Document, DocumentKind
from rehearsal.documents.runbook import Runbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rehearsal.documents.library import Library
    from rehearsal.documents.source import Path

AUTOMATION = frozenset({DocumentKind.AUTOMATION})
COMMAND = frozenset({DocumentKind.COMMAND})
ANY = frozenset(DocumentKind)


class Level(StrEnum):
    """`ERROR`: the document is refused or fails when it runs. `WARNING`: it runs otherwise than a reader expects."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """One breach of a rule.

    `path` is the value that is wrong (its key with `on_key`); `at` is a line and column inside that value's text,
    counted from one. `service` is the text with which CreateDocument refuses the document, None where it does not.
    """

    path: Path
    message: str
    level: Level | None = None
    on_key: bool = False
    at: tuple[int, int] | None = None
    service: str | None = None


@dataclass(frozen=True)
class Subject:
    """The document under check, with the views that several rules share."""

    document: Document

    @cached_property
    def runbook(self) -> Runbook:
        """The document's steps and the flow between them."""
        return Runbook(self.document)

    @cached_property
    def command(self) -> CommandDocument:
        """The document's steps and scripts, as the agent sees them."""
        return CommandDocument(self.document)


@dataclass(frozen=True)
class Rule:
    """A rule that looks at one document at a time.

    `enforced` rules are those of CreateDocument: their problems with a `service` text refuse the document there.
    """

    id: str
    level: Level
    summary: str
    why: str
    source: str
    check: Callable[[Subject], Iterable[Problem]]
    kinds: frozenset[DocumentKind] = ANY
    enforced: bool = False


@dataclass(frozen=True)
class LibraryProblem:
    """A breach that shows only across documents: `document` is the one in which it stands."""

    document: Document
    problem: Problem


@dataclass(frozen=True)
class LibraryRule:
    """A rule that looks at all documents together, and at the template that deploys them."""

    id: str
    level: Level
    summary: str
    why: str
    source: str
    check: Callable[[Library], Iterable[LibraryProblem]]
    enforced: bool = field(default=False, init=False)
