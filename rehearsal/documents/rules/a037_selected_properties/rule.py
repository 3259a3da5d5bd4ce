"""Selectors and desired values fit what the operation answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.documents.aws.services import operation
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.inputs import is_open
from rehearsal.documents.shapes.selectors import SelectorError, parse_selector, walk
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.runbook import Step
    from rehearsal.documents.source import Path

_QUERYING = frozenset({"aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty"})
_TYPES: dict[str, tuple[str, ...]] = {
    "list": ("MapList", "StringList"),
    "structure": ("StringMap",),
    "map": ("StringMap",),
    "string": ("String", "StringList", "Integer", "Boolean"),
    "integer": ("Integer", "String", "StringList"),
    "long": ("Integer", "String", "StringList"),
    "boolean": ("Boolean", "String", "StringList"),
}


def check(subject: Subject) -> Iterator[Problem]:
    """What is selected exists in the operation's output; what is waited for is a value that it can have."""
    for step in subject.runbook.steps:
        service, api = step.inputs.get("Service"), step.inputs.get("Api")
        model = operation(service, api) if isinstance(service, str) and isinstance(api, str) else None
        if model is None:
            continue
        if step.action == "aws:executeAwsApi":
            for index, output in enumerate(step.declared_outputs):
                path = (*step.path, "outputs", index)
                yield from _selected(
                    model.output_shape, output.get("Selector"), (*path, "Selector"), output.get("Type")
                )
        elif step.action in _QUERYING:
            path = (*step.path, "inputs", "PropertySelector")
            yield from _selected(model.output_shape, step.inputs.get("PropertySelector"), path, None)
            yield from _desired(model.output_shape, step)


def _end(shape: Any, selector: Any) -> tuple[Any, str | None]:
    if not isinstance(selector, str) or is_open(selector):
        return None, None
    try:
        return walk(shape, parse_selector(selector))
    except SelectorError:
        return None, None


def _selected(shape: Any, selector: Any, path: Path, declared: Any) -> Iterator[Problem]:
    end, missing = _end(shape, selector)
    if missing is not None:
        known = did_you_mean(missing, _members(shape, selector))
        yield Problem(path, f'the operation answers no "{missing}"{known}')
    elif end is not None and declared is not None and declared not in _TYPES.get(end.type_name, (declared,)):
        kinds = " or ".join(sorted(_TYPES[end.type_name]))
        yield Problem(path, f"the selector finds a {end.type_name}, which can be a {kinds} and no {declared}")


def _members(shape: Any, selector: str) -> list[str]:
    for part in parse_selector(selector):
        if shape is None:
            return []
        if shape.type_name == "structure":
            if part.name not in shape.members:
                return list(shape.members)
            shape = shape.members[part.name]
        elif shape.type_name == "list":
            shape = shape.member
        elif shape.type_name == "map":
            shape = shape.value
    return []


def _desired(shape: Any, step: Step) -> Iterator[Problem]:
    end, _ = _end(shape, step.inputs.get("PropertySelector"))
    values = step.inputs.get("DesiredValues")
    for index, value in enumerate(values if isinstance(values, list) else []):
        path = (*step.path, "inputs", "DesiredValues", index)
        if end is None or is_open(value):
            continue
        if end.type_name == "boolean" and str(value) not in {"True", "False"}:
            yield Problem(path, f'a boolean is compared as "True" or "False", never as "{value}"', Level.ERROR)
        elif end.type_name == "string" and end.enum and str(value).lower() not in {item.lower() for item in end.enum}:
            known = did_you_mean(value, end.enum)
            yield Problem(path, f'the property is never "{value}"{known}')


RULE = Rule(
    id="A037",
    level=Level.WARNING,
    summary="Selectors find what the operation answers, and desired values are ones that it can have.",
    why="Waiting for a value that never comes lasts until the timeout; an output that is not there has no value.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-assertAwsResourceProperty.html",
    check=check,
    kinds=AUTOMATION,
)
