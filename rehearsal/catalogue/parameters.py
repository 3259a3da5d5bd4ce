"""A document's parameters as rows of a table, and the commands that start it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.catalogue.texts import bounds_in_words, example, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    if _is_empty(default):
        # The role's own default is put in when the library is installed.
        return "the library's role" if definition["type"] == "AWS::IAM::Role::Arn" else "empty"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`"


def start_commands(
    document: Document, patterns: Mapping[str, Any], rehearsed: Sequence[Mapping[str, Any]]
) -> list[str]:
    """The exact commands of the AWS CLI, with an example for each parameter that is required.

    `rehearsed` are the parameters that scenarios give: each choice of optional ones has a command of its own. One with
    none of them comes first, unless every scenario fills in something that is empty by default: it would do little.
    """
    declared = document.content.get("parameters", {})
    required = {name: example(declared[name], patterns) for name in declared if "default" not in declared[name]}
    filled = [any(_is_empty(declared.get(name, {}).get("default")) for name in given) for given in rehearsed]
    found = [] if filled and all(filled) else [_command(document.name, required, declared)]
    for given in rehearsed:
        optional = {name: _shown(name, value, declared, patterns) for name, value in given.items() if name in declared}
        command = _command(document.name, {**optional, **required}, declared)
        if command not in found:
            found.append(command)
    return found


def _is_empty(default: Any) -> bool:
    return default in ("", [], {})


def _shown(name: str, value: Any, declared: Mapping[str, Any], patterns: Mapping[str, Any]) -> str:
    """A value as a scenario gives it; one that only a rehearsal knows is shown by an example."""
    item = value[0] if isinstance(value, list) and value else value
    return example(declared[name], patterns) if "{{" in str(item) else str(item)


def _command(document: str, values: Mapping[str, str], declared: Mapping[str, Any]) -> str:
    """Shorthand of the AWS CLI; a value with a comma in it is quoted."""
    given = [
        f'{name}="{values[name]}"' if "," in values[name] else f"{name}={values[name]}"
        for name in declared
        if name in values
    ]
    command = f"aws ssm start-automation-execution --document-name {document}"
    return f"{command} --parameters '{','.join(given)}'" if given else command
