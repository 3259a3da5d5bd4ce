"""A document's parameters as rows of a table, and the command that starts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.catalogue.texts import bounds_in_words, example, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.documents.model import Document

_MARKS = ("(Required) ", "(Optional) ")


@dataclass(frozen=True)
class Row:
    """One parameter: what it defaults to ("required" without one), what it takes, what it is for."""

    name: str
    type: str
    default: str
    takes: str
    description: str


def parameter_rows(document: Document, patterns: Mapping[str, Any]) -> list[Row]:
    """The rows in the order of the document, which is that of the console."""
    return [
        Row(
            name=name,
            type=str(definition["type"]),
            default=_default(definition),
            takes=bounds_in_words(definition, patterns),
            description=one_line(_unmarked(str(definition.get("description", "")))),
        )
        for name, definition in document.content.get("parameters", {}).items()
    ]


def _unmarked(text: str) -> str:
    """Whether it is required has a column of its own."""
    for mark in _MARKS:
        text = text.removeprefix(mark)
    return text


def _default(definition: Mapping[str, Any]) -> str:
    if "default" not in definition:
        return "required"
    default = definition["default"]
    if default in ("", [], {}):
        # The role's own default is put in when the library is installed.
        return "the library's role" if definition["type"] == "AWS::IAM::Role::Arn" else "empty"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`"


def start_command(document: Document, patterns: Mapping[str, Any]) -> str:
    """The exact command of the AWS CLI, with an example for each parameter that is required."""
    given = [
        f"{name}={example(definition, patterns)}"
        for name, definition in document.content.get("parameters", {}).items()
        if "default" not in definition
    ]
    command = f"aws ssm start-automation-execution --document-name {document.name}"
    return f"{command} --parameters '{','.join(given)}'" if given else command
