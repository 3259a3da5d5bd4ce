"""The size of a document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rehearsal.documents.model import DocumentKind
from rehearsal.documents.rule import Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 64 * 1024
_CLOSE = 60 * 1024


def check(subject: Subject) -> Iterator[Problem]:
    """The document, with its scripts, is well below 64 KB."""
    if subject.document.kind is DocumentKind.OTHER:
        return
    packed = json.dumps(subject.document.content, separators=(",", ":"), ensure_ascii=False)
    size = len(packed.encode("utf-8", "surrogatepass"))
    if size > _LIMIT:
        yield Problem((), f"the document has {size:,} bytes, and the service takes {_LIMIT:,}", Level.ERROR)
    elif size > _CLOSE:
        yield Problem(
            (), f"the document has {size:,} bytes, close to the {_LIMIT:,} that the service takes with its inputs"
        )


RULE = Rule(
    id="L002",
    level=Level.WARNING,
    summary="A document with its scripts has at most 60 KB.",
    why="The service takes 64 KB, and counts the values of parameters at run time too.",
    source="https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html",
    check=check,
)
