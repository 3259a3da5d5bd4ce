"""``# lint: ignore RULE reason``: a finding that was looked at and is meant to stay.

At the end of a line it covers that line. On a line of its own it covers the value that begins on the next line, with
all that stands in it; above the first key of a document, the whole document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.documents.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rehearsal.documents.lint.finding import Finding
    from rehearsal.documents.model import Document
    from rehearsal.documents.source import Path, Source

_COMMENT = re.compile(r"(?:^|\s)#\s*lint:\s*ignore\b[ \t]*(.*)$")
_RULE = re.compile(r"[ACL]\d{3}\Z")


@dataclass(frozen=True)
class Ignore:
    """One comment: the rule, and what it covers (paths in the document, or lines of a file)."""

    place: Place
    rule: str
    reason: str
    line: int
    within: Path | None
    source_line: str

    @property
    def is_complete(self) -> bool:
        """Whether it names a rule and says why."""
        return _RULE.match(self.rule) is not None and bool(self.reason)

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is one that this comment means."""
        if not self.is_complete or finding.rule != self.rule:
            return False
        if finding.place.file == self.place.file and finding.place.line == self.line:
            return True
        return self.within is not None and finding.within[: len(self.within)] == self.within


def ignores_of(document: Document) -> list[Ignore]:
    """Every comment of a document and of the scripts that it includes."""
    source = document.source
    found = list(_in_text(source.text, source.file, source))
    for file, text in source.included.items():
        found.extend(_in_text(text, file, None))
    return found


def split(findings: Iterable[Finding], ignores: list[Ignore]) -> tuple[list[Finding], set[Ignore]]:
    """The findings that no comment covers, and the comments that cover one."""
    kept: list[Finding] = []
    used: set[Ignore] = set()
    for finding in findings:
        covering = [ignore for ignore in ignores if ignore.covers(finding)]
        used.update(covering)
        if not covering:
            kept.append(finding)
    return kept, used


def _in_text(text: str, file: str, source: Source | None) -> Iterator[Ignore]:
    if "lint:" not in text:
        return
    lines = text.split("\n")
    for index, line in enumerate(lines):
        match = _COMMENT.search(line)
        if match is None:
            continue
        rule, _, reason = match[1].strip().partition(" ")
        alone = line.lstrip().startswith("#")
        covered = _next_content(lines, index) if alone else index + 1
        within = _value_at(source, covered, lines, index) if alone and source else None
        place = Place(file, index + 1, match.start(0) + len(match[0]) - len(match[0].lstrip()) + 1)
        yield Ignore(place, rule, reason.strip(" -:—"), covered, within, line)


def _next_content(lines: list[str], index: int) -> int:
    for number in range(index + 1, len(lines)):
        stripped = lines[number].strip()
        if stripped and not stripped.startswith("#"):
            return number + 1
    return index + 1


def _value_at(source: Source, line: int, lines: list[str], index: int) -> Path | None:
    """The outermost value that begins on the line; the document's root when nothing but comments stands above."""
    if all(not text.strip() or text.lstrip().startswith(("#", "---")) for text in lines[:index]):
        return source.prefix
    starting = [path for path, (at, _) in (*source.keys.items(), *source.values.items()) if at == line and path]
    return min(starting, key=len, default=None)
