"""Outputs that steps declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.documents.model import Intrinsic
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.selectors import SelectorError, parse_selector
from rehearsal.documents.shapes.types import VARIABLE_TYPES, described
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.runbook import Step
    from rehearsal.documents.source import Path

_KEYS = frozenset({"Name", "Selector", "Type"})


def check(subject: Subject) -> Iterator[Problem]:
    """Each has a name of its own, a selector that can be read, and a known type."""
    for step in subject.runbook.steps:
        yield from _outputs(step)


def _outputs(step: Step) -> Iterator[Problem]:
    outputs = step.body.get("outputs")
    seen: set[str] = set()
    for index, output in enumerate(outputs if isinstance(outputs, list) else []):
        path = (*step.path, "outputs", index)
        if isinstance(output, Intrinsic):
            continue
        if not isinstance(output, dict):
            yield Problem(path, f"an output is a mapping with Name, Selector and Type, not {described(output)}")
            continue
        yield from _output(output, path)
        name = output.get("Name")
        if isinstance(name, str) and name in seen:
            yield Problem((*path, "Name"), f'the step has an output "{name}" already')
        seen.add(str(name))


def _output(output: dict[str, Any], path: Path) -> Iterator[Problem]:
    for key in output.keys() - _KEYS:
        yield Problem((*path, key), f'"{key}" is no key of an output{did_you_mean(key, _KEYS)}', on_key=True)
    name = output.get("Name")
    if not isinstance(name, str) or not name:
        yield Problem(path, "the output has no Name")
    elif set(name) & set(".{}:"):
        yield Problem((*path, "Name"), f'"{name}" cannot be read as {{{{ step.{name} }}}}', Level.WARNING)
    declared = output.get("Type", "String")
    if declared not in VARIABLE_TYPES:
        known = did_you_mean(declared, VARIABLE_TYPES)
        yield Problem((*path, "Type"), f"{described(declared)} is no type of an output{known}")
    selector = output.get("Selector")
    if not isinstance(selector, str):
        yield Problem(path, "the output has no Selector")
        return
    try:
        parse_selector(selector)
    except SelectorError as error:
        yield Problem((*path, "Selector"), f'the selector "{selector}" cannot be read: {error}')


RULE = Rule(
    id="A016",
    level=Level.ERROR,
    summary="Each declared output has a name, a selector that Automation can read, and a known type.",
    why="A selector that cannot be read fails the step after it has done its work.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-outputs-inputs.html",
    check=check,
    kinds=AUTOMATION,
)
