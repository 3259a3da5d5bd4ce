"""A rule's answer, placed in a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.documents.model import Intrinsic
from rehearsal.documents.rule import Level

if TYPE_CHECKING:
    from rehearsal.documents.model import Document
    from rehearsal.documents.rule import LibraryRule, Problem, Rule
    from rehearsal.documents.source import Path, Place

MAX_MESSAGE = 1000
"""Characters; a document can put whole scripts into a message."""


@dataclass(frozen=True)
class Finding:
    """One line of the report. `within` is the path of the value in its file, for ignoring by comment."""

    place: Place
    document: str
    rule: str
    level: Level
    where: str
    message: str
    source_line: str
    within: Path

    @property
    def order(self) -> tuple[Place, str, str]:
        """Findings are shown file by file, from top to bottom."""
        return self.place, self.rule, self.message


def finding_of(document: Document, rule: Rule | LibraryRule, problem: Problem) -> Finding:
    """The finding that a rule's problem is."""
    source = document.source
    place = source.inside(problem.path, *problem.at) if problem.at else source.place(problem.path, key=problem.on_key)
    return Finding(
        place=place,
        document=document.name,
        rule=rule.id,
        level=_level(document, rule, problem),
        where=where(document, problem.path),
        message=" ".join(problem.message.split())[:MAX_MESSAGE],
        source_line=source.line_text(place),
        within=source.prefix + problem.path,
    )


def _level(document: Document, rule: Rule | LibraryRule, problem: Problem) -> Level:
    """AWS's own documents run, or are not the reader's to mend: only what the service refuses is an error in them."""
    if document.is_awss_own and problem.service is None:
        return Level.WARNING
    return problem.level or rule.level


def is_computed(document: Document, problem: Problem) -> bool:
    """Whether the value at fault is one that only CloudFormation knows, so that nothing can be said of it."""
    value: object = document.content
    for part in problem.path:
        value = _child(value, part)
        if isinstance(value, Intrinsic):
            return True
    return False


def where(document: Document, path: Path) -> str:
    """A path as a reader would say it, steps by their names: ``mainSteps.Restart.inputs.Runtime``."""
    words: list[str] = []
    value: object = document.content
    for part in path:
        value = _child(value, part)
        name = value.get("name") if isinstance(value, dict) and isinstance(part, int) else None
        if isinstance(name, str) and name:
            words.append(f".{name}")
        else:
            words.append(f"[{part}]" if isinstance(part, int) else f".{part}")
    return "".join(words).removeprefix(".")


def _child(value: object, part: str | int) -> object:
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
        return value[part]
    return None
