"""Calls to AWS name operations that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.aws.services import operation, operation_names, service_names
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.inputs import is_open
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALLING = frozenset({"aws:executeAwsApi", "aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty"})


def check(subject: Subject) -> Iterator[Problem]:
    """Service is a client of boto3, Api an operation of it."""
    for step in subject.runbook.steps:
        service, api = step.inputs.get("Service"), step.inputs.get("Api")
        if step.action not in _CALLING or not isinstance(service, str) or is_open(service):
            continue
        path = (*step.path, "inputs")
        if service not in service_names():
            known = did_you_mean(service, service_names())
            level = Level.WARNING if service.lower() in service_names() else None
            yield Problem((*path, "Service"), f'boto3 has no client "{service}"{known}', level)
        elif isinstance(api, str) and not is_open(api) and operation(service, api) is None:
            known = did_you_mean(api, operation_names(service))
            yield Problem((*path, "Api"), f'{service} has no operation "{api}"{known}')


RULE = Rule(
    id="A026",
    level=Level.ERROR,
    summary="Service is a client that boto3 has, and Api an operation of it.",
    why="The service registers any text here; the step fails when it runs.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeAwsApi.html",
    check=check,
    kinds=AUTOMATION,
)
