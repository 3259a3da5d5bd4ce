"""The texts that documents and templates already hold, read and shown: sections, intrinsic functions, units."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADING = re.compile(r"^### (.+)$", re.MULTILINE)
_VARIABLE = re.compile(r"\$\{(?:AWS::)?([A-Za-z0-9.]+)\}")
NOTHING = "—"
"""Shown for what was not measured, or has no bound."""
_MINUTE, _HOUR = 60, 3600


def sections(description: str) -> dict[str, str]:
    """The sections of a description by their `### headings`, in order; text before the first one is under ''."""
    parts = _HEADING.split(description)
    found = {"": parts[0].strip()} if parts[0].strip() else {}
    return {**found, **dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))}


def one_line(text: str) -> str:
    """A paragraph without line breaks, as a cell of a table needs it."""
    return " ".join(text.split()).replace("|", "\\|")


def escaped(text: str) -> str:
    """A text whose ``<Name>`` Markdown shall show, and not take for HTML."""
    return text.replace("<", "\\<")


def linked(text: str, targets: Mapping[str, str]) -> str:
    """Markdown in which each name of a document is a link to its target; code spans stay as they are."""
    if not targets:
        return text
    names = "|".join(re.escape(name) for name in sorted(targets, key=len, reverse=True))
    found = re.compile(rf"(`[^`]*`)|(?<![\w-])({names})(?![\w-])")
    return found.sub(lambda match: match[1] or f"[{match[2]}]({targets[match[2]]})", text)


def first_sentence(text: str) -> str:
    """Up to the first full stop (or colon that opens a list of details) that ends a sentence."""
    line = one_line(text)
    end = re.search(r"[.:;](?= )|\.$", line)
    return f"{line[: end.start()]}." if end else line


def template_text(value: Any) -> str:
    """A text of a template; what only a deployment knows is shown as ``<Name>``."""
    if not isinstance(value, dict):
        return str(value)
    if "Ref" in value:
        return f"<{value['Ref']}>"
    if "Fn::Sub" in value:
        argument = value["Fn::Sub"]
        return _VARIABLE.sub(r"<\1>", str(argument[0] if isinstance(argument, list) else argument))
    return "<…>"


def duration(seconds: float | None) -> str:
    """`45 s`, `3 min`, `3 min 20 s`, `1 h`, or a dash for what was not measured or has no bound."""
    if seconds is None:
        return NOTHING
    if seconds >= _HOUR and seconds % _HOUR == 0:
        return f"{seconds / _HOUR:.0f} h"
    if seconds >= _MINUTE and seconds % _MINUTE == 0:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds >= 2 * _MINUTE and seconds % 1 == 0:
        return f"{seconds // _MINUTE:.0f} min {seconds % _MINUTE:.0f} s"
    return f"{seconds:.1f} s" if seconds % 1 else f"{seconds:.0f} s"


def number(value: float | None) -> str:
    """A count with thousands apart, or a dash for what was not measured."""
    return NOTHING if value is None else f"{value:,}"


def bounds_in_words(definition: Mapping[str, Any], patterns: Mapping[str, Any]) -> str:
    """What a parameter takes: its choices, or the words of its pattern, or the pattern itself where it has none."""
    if "allowedValues" in definition:
        return ", ".join(f"`{value}`" for value in definition["allowedValues"])
    pattern = definition.get("allowedPattern")
    if pattern is not None:
        return str(patterns.get(pattern, {}).get("words") or f"`{pattern}`")
    return {"Boolean": "`true`, `false`", "AWS::IAM::Role::Arn": "the ARN of a role"}.get(
        str(definition["type"]), "any"
    )


def example(definition: Mapping[str, Any], patterns: Mapping[str, Any]) -> str:
    """A value that the parameter takes: its first choice, or the first good string of its pattern."""
    if "allowedValues" in definition:
        return str(definition["allowedValues"][0])
    good = patterns.get(str(definition.get("allowedPattern")), {}).get("good", [])
    return next((str(text) for text in good if text), "VALUE")
