"""The report as text: file, line and column first, so that editors and problem matchers find the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.lint.finding import Finding
    from rehearsal.documents.lint.run import Result

_WIDTH = 160


def render_text(result: Result) -> str:
    """Each finding with its source line and a caret, then the count."""
    parts = [line for finding in result.findings for line in _finding(finding)]
    return "\n".join([*parts, summary(result)]) + "\n"


def summary(result: Result) -> str:
    """``12 documents: 1 error, 3 warnings``."""
    errors, warnings = result.count(Level.ERROR), result.count(Level.WARNING)
    return f"{_count(result.documents, 'document')}: {_count(errors, 'error')}, {_count(warnings, 'warning')}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.place}: {finding.level} {finding.rule}: {finding.message}"
    line = finding.source_line.replace("\t", " ")
    if not line.strip():
        return
    column = finding.place.column - 1
    start = max(0, column - _WIDTH // 2) if len(line) > _WIDTH else 0
    number = str(finding.place.line)
    yield f"  {number} | {line[start : start + _WIDTH].rstrip()}"
    yield f"  {' ' * len(number)} | {' ' * (column - start)}^"
    yield ""
