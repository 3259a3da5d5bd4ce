"""`aws:deleteStack`: delete a CloudFormation stack and wait until it is gone (reference §3.10)."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.automation.action import Action, StepContext, StepResult
from rehearsal.automation.actions._aws import error_code, failure_of, request
from rehearsal.automation.errors import InvalidInputError, StepFailedError
from rehearsal.automation.statuses import FailureStage, FailureType, Impact

_STAGE = "verifying the stack has been deleted"
_RETAIN = re.compile(r"^RetainResources(?:\.member\.\d+)?$")
_PLAIN = ("StackName", "ClientRequestToken", "RoleARN")


def run(context: StepContext) -> StepResult:
    """Delete the stack; a stack that does not exist is deleted already."""
    wanted = _request(context.inputs)
    described = _describe(context, wanted["StackName"])
    if described is None:
        return StepResult()
    request(context, "cloudformation", "delete_stack", **wanted)
    for _ in context.pauses(_STAGE):
        stack = _describe(context, str(described["StackId"]))
        status = "DELETE_COMPLETE" if stack is None else str(stack["StackStatus"])
        if status == "DELETE_COMPLETE":
            return StepResult()
        if not status.endswith("_IN_PROGRESS"):
            reason = (stack or {}).get("StackStatusReason") or "no reason was given"
            raise StepFailedError(
                f"Stack {described['StackId']} has the status {status}: {reason}",
                stage=_STAGE,
                failure_stage=FailureStage.POST_VERIFICATION,
                failure_type=FailureType.VERIFICATION,
            )
    return StepResult()


def _request(inputs: dict[str, Any]) -> dict[str, Any]:
    unknown = [name for name in inputs if name not in _PLAIN and not _RETAIN.match(name)]
    if unknown:
        raise InvalidInputError(f"Input {unknown[0]} is not one that aws:deleteStack takes")
    wanted = {name: inputs[name] for name in _PLAIN if inputs.get(name)}
    retained = [inputs[name] for name in sorted(inputs) if _RETAIN.match(name)]
    if retained:
        wanted["RetainResources"] = [
            name for entry in retained for name in (entry if isinstance(entry, list) else [entry])
        ]
    return wanted


def _describe(context: StepContext, name: str) -> dict[str, Any] | None:
    try:
        return dict(context.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0])
    except (ClientError, BotoCoreError) as error:
        if error_code(error) == "ValidationError":  # CloudFormation's word for "does not exist"
            return None
        raise failure_of(error, _STAGE) from error


ACTION = Action(
    name="aws:deleteStack",
    run=run,
    impact=Impact.MUTATING,
    inputs=None,
    required=("StackName",),
)
