"""A step's inputs against the model of the operation that it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.documents.rule import Level, Problem
from rehearsal.documents.shapes.inputs import integer, is_open
from rehearsal.documents.shapes.types import described
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.documents.source import Path

# Names that boto3 takes beside the model's own (botocore.handlers, ParameterAlias).
_ALIASES = {
    ("DescribeFlowLogsRequest", "Filters"): "Filter",
    ("SuggestRequest", "suggestQuery"): "query",
}
_NUMBERS = frozenset({"integer", "long"})


def call_problems(shape: Any, inputs: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    """Unknown, missing and mistyped parameters of a call; what is only known at run time is let pass."""
    if shape is None:
        for name in inputs:
            yield Problem((*path, name), "the operation takes no parameters", on_key=True)
        return
    yield from _structure(shape, inputs, path)


def _structure(shape: Any, value: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    for name, item in value.items():
        member = shape.members.get(_ALIASES.get((shape.name, name), name))
        if member is None:
            message = f'{shape.name} has no member "{name}"{did_you_mean(name, shape.members)}'
            yield Problem((*path, name), message, on_key=True)
        else:
            yield from _value(member, item, (*path, name))
    for name in shape.required_members:
        if name not in value and not _is_token(shape, name):
            yield Problem(path, f'{shape.name} needs "{name}"')


def _is_token(shape: Any, name: str) -> bool:
    """Clients fill in idempotency tokens themselves."""
    return bool(shape.members[name].metadata.get("idempotencyToken"))


def _value(shape: Any, value: Any, path: Path) -> Iterator[Problem]:
    if is_open(value):
        return
    kind = shape.type_name
    if kind == "structure":
        if isinstance(value, dict) and not shape.is_document_type:
            yield from _structure(shape, value, path)
        elif not isinstance(value, dict):
            yield _mismatch(path, "a mapping", value)
    elif kind == "list":
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _value(shape.member, item, (*path, index))
        else:
            yield _mismatch(path, "a list", value)
    elif kind == "map":
        if isinstance(value, dict):
            for name, item in value.items():
                yield from _value(shape.value, item, (*path, name))
        else:
            yield _mismatch(path, "a mapping", value)
    else:
        yield from _scalar(shape, kind, value, path)


def _scalar(shape: Any, kind: str, value: Any, path: Path) -> Iterator[Problem]:
    if kind == "string":
        if isinstance(value, dict | list):
            # Automation writes a mapping given for a text as JSON, which policies and bodies rely on.
            if isinstance(value, list):
                yield _mismatch(path, "text", value, Level.WARNING)
        elif shape.enum and isinstance(value, str) and value not in shape.enum:
            message = (
                f"{described(value)} is none of the values that the service knows{did_you_mean(value, shape.enum)}"
            )
            yield Problem(path, message, Level.WARNING)
    elif kind in _NUMBERS and (isinstance(value, bool) or integer(value) is None):
        yield _mismatch(path, "a whole number", value)
    elif kind == "boolean" and not isinstance(value, bool) and str(value).lower() not in {"true", "false"}:
        yield _mismatch(path, "true or false", value)


def _mismatch(path: Path, wanted: str, value: Any, level: Level | None = None) -> Problem:
    return Problem(path, f"the operation takes {wanted} here, not {described(value)}", level)
