"""`aws:createStack`: create a CloudFormation stack and wait for it (reference §3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.automation.action import FLAG, LIST, NUMBER, TEXT, Action, Input, StepContext, StepResult, flag, number
from rehearsal.automation.actions._aws import request
from rehearsal.automation.errors import InvalidInputError, StepFailedError
from rehearsal.automation.statuses import FailureStage, FailureType, Impact

if TYPE_CHECKING:
    from collections.abc import Mapping

_STAGE = "verifying the stack has been created"
_MOST_TEMPLATE_BYTES = 51_200
_AS_THEY_ARE = (
    "StackName",
    "TemplateBody",
    "TemplateURL",
    "Parameters",
    "Capabilities",
    "ClientRequestToken",
    "OnFailure",
    "NotificationARNs",
    "ResourceTypes",
    "RoleARN",
    "StackPolicyBody",
    "StackPolicyURL",
    "Tags",
)
_EITHER = (("TemplateBody", "TemplateURL"), ("DisableRollback", "OnFailure"), ("StackPolicyBody", "StackPolicyURL"))


def run(context: StepContext) -> StepResult:
    """Create the stack; anything but CREATE_COMPLETE fails the step."""
    stack_id = str(request(context, "cloudformation", "create_stack", **stack_request(context.inputs))["StackId"])
    for _ in context.pauses(_STAGE):
        stack = request(context, "cloudformation", "describe_stacks", StackName=stack_id)["Stacks"][0]
        status, reason = str(stack["StackStatus"]), stack.get("StackStatusReason", "")
        outputs = {"StackId": stack_id, "StackStatus": status, "StackStatusReason": reason}
        if status == "CREATE_COMPLETE":
            return StepResult(outputs=outputs, payload=outputs)
        if not status.endswith("_IN_PROGRESS"):
            raise StepFailedError(
                f"Stack {stack_id} has the status {status}: {reason or 'no reason was given'}",
                stage=_STAGE,
                failure_stage=FailureStage.POST_VERIFICATION,
                failure_type=FailureType.VERIFICATION,
                outputs=dict(outputs),
            )
    return StepResult()


def stack_request(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the CreateStack request of a step. Raises `InvalidInputError`."""
    for one, other in _EITHER:
        if inputs.get(one) and inputs.get(other):
            raise InvalidInputError(f"aws:createStack takes {one} or {other}, not both")
    if not inputs.get("TemplateBody") and not inputs.get("TemplateURL"):
        raise InvalidInputError("aws:createStack needs TemplateBody or TemplateURL")
    size = len(str(inputs.get("TemplateBody") or "").encode())
    if size > _MOST_TEMPLATE_BYTES:
        raise InvalidInputError(f"TemplateBody has {size} bytes; the most is {_MOST_TEMPLATE_BYTES}")
    wanted = {name: inputs[name] for name in _AS_THEY_ARE if inputs.get(name) not in (None, "", [], {})}
    if inputs.get("DisableRollback") not in (None, ""):
        wanted["DisableRollback"] = flag(inputs["DisableRollback"], "DisableRollback")
    if inputs.get("TimeoutInMinutes") not in (None, ""):
        wanted["TimeoutInMinutes"] = number(inputs["TimeoutInMinutes"], "TimeoutInMinutes")
    return wanted


ACTION = Action(
    name="aws:createStack",
    run=run,
    impact=Impact.MUTATING,
    inputs={
        "StackName": Input(TEXT, required=True),
        "TemplateBody": Input(TEXT),
        "TemplateURL": Input(TEXT),
        "Parameters": Input(LIST),
        "Capabilities": Input(LIST),
        "ClientRequestToken": Input(TEXT),
        "DisableRollback": Input(FLAG),
        "OnFailure": Input(TEXT),
        "NotificationARNs": Input(LIST),
        "ResourceTypes": Input(LIST),
        "RoleARN": Input(TEXT),
        "StackPolicyBody": Input(TEXT),
        "StackPolicyURL": Input(TEXT),
        "Tags": Input(LIST),
        "TimeoutInMinutes": Input(NUMBER),
    },
)
