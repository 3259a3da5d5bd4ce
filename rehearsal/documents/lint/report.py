"""Choosing how a result is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.lint.json_report import render_json, render_sarif
from rehearsal.documents.lint.text import render_text

if TYPE_CHECKING:
    from rehearsal.documents.lint.run import Result

_FORMATS = {"text": render_text, "json": render_json, "sarif": render_sarif}


def render(result: Result, output_format: str) -> str:
    """The report as "text", "json" or "sarif"."""
    return _FORMATS[output_format](result)
