"""Parameters of calls to AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.aws.inputs import call_problems
from rehearsal.documents.aws.services import operation, shape_members
from rehearsal.documents.references import REFERENCE
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.runbook import Runbook, Step
from rehearsal.documents.shapes.resolving import type_of

_OWN: dict[str, frozenset[str]] = {
    "aws:executeAwsApi": frozenset({"Service", "Api"}),
    "aws:assertAwsResourceProperty": frozenset({"Service", "Api", "PropertySelector", "DesiredValues"}),
    "aws:waitForAwsResourceProperty": frozenset({"Service", "Api", "PropertySelector", "DesiredValues"}),
}


def check(subject: Subject) -> Iterator[Problem]:
    """What a step hands to an operation is what the operation takes."""
    for step in subject.runbook.steps:
        if step.action in _OWN:
            yield from _call(step)
            yield from _lists(subject.runbook, step)


def _call(step: Step) -> Iterator[Problem]:
    service, api = step.inputs.get("Service"), step.inputs.get("Api")
    model = operation(service, api) if isinstance(service, str) and isinstance(api, str) else None
    if model is not None:
        given = {name: value for name, value in step.inputs.items() if name not in _OWN[step.action]}
        yield from call_problems(model.input_shape, given, (*step.path, "inputs"))


def _lists(runbook: Runbook, step: Step) -> Iterator[Problem]:
    """A list that is referred to may stand in a list, where it is spread, but not in the place of a text."""
    service, api = step.inputs.get("Service"), step.inputs.get("Api")
    model = operation(service, api) if isinstance(service, str) and isinstance(api, str) else None
    members = shape_members(model.input_shape) if model is not None else {}
    for name, value in step.inputs.items():
        match = REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
        shape = members.get(name)
        if match is None or shape is None or shape.type_name != "string":
            continue
        if type_of(runbook, match[1]) in ("StringList", "MapList"):
            yield Problem((*step.path, "inputs", name), f"{name} takes a text, and {match[1]} is a list")


RULE = Rule(
    id="A027",
    level=Level.ERROR,
    summary="What a step hands to an operation is what the operation takes.",
    why="Only boto3 checks it, when the step runs: an unknown, missing or mistyped parameter fails the step.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeAwsApi.html",
    check=check,
    kinds=AUTOMATION,
)
