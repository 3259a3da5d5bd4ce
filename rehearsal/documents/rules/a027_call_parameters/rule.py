"""Parameters of calls to AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.aws.inputs import call_problems
from rehearsal.documents.aws.services import operation
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.runbook import Step

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


def _call(step: Step) -> Iterator[Problem]:
    service, api = step.inputs.get("Service"), step.inputs.get("Api")
    model = operation(service, api) if isinstance(service, str) and isinstance(api, str) else None
    if model is not None:
        given = {name: value for name, value in step.inputs.items() if name not in _OWN[step.action]}
        yield from call_problems(model.input_shape, given, (*step.path, "inputs"))


RULE = Rule(
    id="A027",
    level=Level.ERROR,
    summary="What a step hands to an operation is what the operation takes.",
    why="Only boto3 checks it, when the step runs: an unknown, missing or mistyped parameter fails the step.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeAwsApi.html",
    check=check,
    kinds=AUTOMATION,
)
