"""Types of what is referred to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.documents.references import REFERENCE, has_reference
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.runbook import mapping
from rehearsal.documents.shapes.action_inputs import ACTION_INPUTS
from rehearsal.documents.shapes.resolving import type_of
from rehearsal.documents.shapes.types import VARIABLE_TYPES, basic_type, described, fits
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.documents.source import Path

_REFUSED: dict[str, frozenset[str]] = {
    "String": frozenset({"StringList", "MapList"}),
    "Integer": frozenset({"StringList", "MapList", "StringMap", "Boolean"}),
    "Boolean": frozenset({"StringList", "MapList", "StringMap", "Integer"}),
    "StringList": frozenset({"StringMap", "MapList", "Boolean", "Integer"}),
    "Map": frozenset({"StringList", "MapList", "Boolean", "Integer"}),
    "MapList": frozenset({"StringList", "Boolean", "Integer"}),
}


def check(subject: Subject) -> Iterator[Problem]:
    """Where all of an input is one reference, its type is one that the action takes there."""
    for step in subject.runbook.steps:
        shape = ACTION_INPUTS.get(step.action)
        for name, value in step.inputs.items():
            known = shape.inputs.get(name) if shape is not None else None
            match = REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
            if known is None or match is None:
                continue
            given = type_of(subject.runbook, match[1])
            if given in _REFUSED.get(known.type, frozenset()):
                message = f"{name} takes a {known.type}, and {match[1]} is a {given}"
                refused = (
                    message if step.action == "aws:runCommand" and match[1] in subject.runbook.parameters else None
                )
                yield Problem((*step.path, "inputs", name), message, service=refused)
        yield from (
            _variable(subject, step.inputs, (*step.path, "inputs")) if step.action == "aws:updateVariable" else ()
        )


def _variable(subject: Subject, inputs: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    name = str(inputs.get("Name", "")).removeprefix("variable:").strip()
    definition = subject.runbook.variables.get(name)
    if "Name" in inputs and definition is None and not has_reference(inputs["Name"]):
        yield Problem((*path, "Name"), f'there is no variable "{name}"{did_you_mean(name, subject.runbook.variables)}')
        return
    declared = mapping(definition).get("type")
    value = inputs.get("Value")
    if not isinstance(declared, str) or "Value" not in inputs:
        return
    match = REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
    given = type_of(subject.runbook, match[1]) if match is not None else None
    if given is not None and basic_type(given) != declared:
        yield Problem((*path, "Value"), f'"{name}" is a {declared}, and {match[1] if match else ""} is a {given}')
    elif not has_reference(value) and not fits(value, declared) and declared in VARIABLE_TYPES:
        yield Problem((*path, "Value"), f'"{name}" is a {declared}, and this is {described(value)}')


RULE = Rule(
    id="A018",
    level=Level.ERROR,
    summary="An input that is one reference gets a value of a type that it takes, and a variable one of its own type.",
    why="Automation converts nothing here: the step fails when its inputs are validated.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-outputs-inputs.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
