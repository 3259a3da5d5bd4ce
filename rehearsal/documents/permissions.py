"""The permissions that a runbook needs, from its steps and from the scripts that it embeds."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.documents.aws.actions import actions_of
from rehearsal.documents.aws.boto_calls import calls_in
from rehearsal.documents.aws.liveness import live_calls
from rehearsal.documents.aws.services import operation
from rehearsal.documents.references import has_reference
from rehearsal.documents.shapes.python_scripts import parsed, python_script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.runbook import Runbook, Step
    from rehearsal.documents.source import Path


@dataclass(frozen=True)
class Need:
    """One action that a step needs. `document` is the name of the document that it is needed on, where one is known.

    `certain` is False for what the service may do on the way, or what only a script's text suggests.
    """

    action: str
    step: str
    path: Path
    document: str | None = None
    certain: bool = True
    at: tuple[int, int] | None = None


_FOLLOW_COMMANDS = ("ssm:ListCommands", "ssm:ListCommandInvocations", "ssm:DescribeInstanceInformation")
_INSTANCE_STATES = {
    "running": "ec2:StartInstances",
    "stopped": "ec2:StopInstances",
    "terminated": "ec2:TerminateInstances",
}
# User guide, the page of each action; what an action only may call is in _MAYBE.
_FIXED: dict[str, tuple[str, ...]] = {
    "aws:copyImage": ("ec2:CopyImage", "ec2:DescribeImages"),
    "aws:createImage": ("ec2:CreateImage", "ec2:DescribeImages"),
    "aws:createStack": ("cloudformation:CreateStack", "cloudformation:DescribeStacks"),
    "aws:createTags": ("ec2:CreateTags",),
    "aws:deleteImage": ("ec2:DescribeImages", "ec2:DeregisterImage", "ec2:DeleteSnapshot"),
    "aws:deleteStack": ("cloudformation:DeleteStack", "cloudformation:DescribeStacks"),
    "aws:executeStateMachine": ("states:StartExecution", "states:DescribeExecution", "states:StopExecution"),
    "aws:invokeLambdaFunction": ("lambda:InvokeFunction",),
    "aws:invokeWebhook": ("ssm:GetParameter",),
    "aws:runInstances": ("ec2:RunInstances", "ec2:DescribeInstances", "ec2:DescribeInstanceStatus"),
}
_MAYBE: dict[str, tuple[str, ...]] = {
    "aws:runCommand": ("ssm:GetCommandInvocation", "ssm:CancelCommand", "ec2:DescribeInstances"),
    "aws:executeAutomation": ("iam:PassRole", "ssm:StopAutomationExecution"),
    "aws:createStack": ("iam:PassRole", "cloudformation:DescribeStackEvents", "cloudformation:DeleteStack"),
    "aws:runInstances": ("iam:PassRole", "ec2:CreateTags"),
    "aws:createTags": ("ec2:DescribeTags", "ssm:AddTagsToResource", "ssm:ListTagsForResource"),
    "aws:changeInstanceState": ("ec2:DescribeInstances", "ec2:DescribeInstanceStatus"),
    "aws:invokeWebhook": ("kms:Decrypt",),
}
_CALLING = frozenset({"aws:executeAwsApi", "aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty"})


def needs_of(runbook: Runbook) -> Iterator[Need]:
    """Every need of every step, in order."""
    for step in runbook.steps:
        yield from needs_of_step(step)


def needs_of_step(step: Step) -> Iterator[Need]:
    """The needs of one step."""
    path = (*step.path, "action")
    for action in _FIXED.get(step.action, ()):
        yield Need(action, step.name, path)
    for action in _MAYBE.get(step.action, ()):
        yield Need(action, step.name, path, certain=False)
    match step.action:
        case "aws:runCommand":
            yield Need("ssm:SendCommand", step.name, path, _document(step))
            yield from (Need(action, step.name, path) for action in _FOLLOW_COMMANDS)
        case "aws:executeAutomation":
            yield Need("ssm:StartAutomationExecution", step.name, path, _document(step))
            yield Need("ssm:GetAutomationExecution", step.name, path)
        case "aws:changeInstanceState":
            yield from _instance_state(step)
        case "aws:approve" if "NotificationArn" in step.inputs:
            yield Need("sns:Publish", step.name, path)
        case "aws:executeScript":
            yield from _script(step)
        case action if action in _CALLING:
            yield from _call(step)


def _document(step: Step) -> str | None:
    name = step.inputs.get("DocumentName")
    return name if isinstance(name, str) and not has_reference(name) else None


def _instance_state(step: Step) -> Iterator[Need]:
    path = (*step.path, "action")
    wanted = step.inputs.get("DesiredState")
    checks_only = str(step.inputs.get("CheckStateOnly", "")).lower() == "true"
    if isinstance(wanted, str) and wanted in _INSTANCE_STATES and not checks_only:
        yield Need(_INSTANCE_STATES[wanted], step.name, path)
    yield Need("ec2:DescribeInstanceStatus", step.name, path)


def _call(step: Step) -> Iterator[Need]:
    service, api = step.inputs.get("Service"), step.inputs.get("Api")
    model = operation(service, api) if isinstance(service, str) and isinstance(api, str) else None
    if model is None or not isinstance(service, str):
        return
    for action in actions_of(service, model.name):
        yield Need(action, step.name, (*step.path, "inputs", "Api"))


def _script(step: Step) -> Iterator[Need]:
    script = python_script(step)
    tree = parsed(script) if script is not None else None
    if not isinstance(tree, ast.Module):
        return
    payload = step.inputs.get("InputPayload", {})
    live = live_calls(tree, str(step.inputs.get("Handler")), payload) if isinstance(payload, dict) else None
    for call in calls_in(tree):
        if live is not None and (call.line, call.column) not in live:
            continue
        for action in actions_of(call.service, call.operation):
            yield Need(action, step.name, (*step.path, "inputs", "Script"), at=(call.line, call.column))
