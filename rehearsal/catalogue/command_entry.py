"""The documents that nobody starts from the console: those that run on hosts, and sessions, in a short form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.catalogue import mentions
from rehearsal.catalogue.parameters import Row, parameter_rows
from rehearsal.catalogue.texts import duration, one_line, sections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.catalogue.sources import Sources
    from rehearsal.documents.model import Document


@dataclass(frozen=True)
class Entry:
    """One document: its sections, its parameters, how long its steps may take together.

    `callers` are those that its own description does not name already.
    """

    name: str
    source: str
    sections: Mapping[str, str]
    parameters: tuple[Row, ...]
    callers: tuple[str, ...]
    at_most: str


def entry(document: Document, sources: Sources) -> Entry:
    """Make the entry of a Command or a Session document."""
    text = str(document.content.get("description", ""))
    said = sections(text)
    return Entry(
        name=document.name,
        source=sources.shown(document),
        sections={title: one_line(paragraph) for title, paragraph in said.items()},
        parameters=tuple(parameter_rows(document, sources.patterns)),
        callers=tuple(name for name in mentions.callers(sources, document.name) if not mentions.names(text, name)),
        at_most=duration(_bound(document.content)),
    )


def _bound(content: Mapping[str, Any]) -> float | None:
    bounds = [step.get("inputs", {}).get("timeoutSeconds") for step in content.get("mainSteps", [])]
    return sum(float(bound) for bound in bounds) if bounds and None not in bounds else None
