"""`aws:changeInstanceState`: start, stop or terminate instances, or check their state (reference §3.4)."""

from __future__ import annotations

from rehearsal.automation.action import FLAG, LIST, TEXT, Action, Input, StepContext, StepResult, flag
from rehearsal.automation.actions._aws import request
from rehearsal.automation.actions._instances import await_state
from rehearsal.automation.errors import InvalidInputError
from rehearsal.automation.statuses import Impact

_OPERATIONS = {"running": "start_instances", "stopped": "stop_instances", "terminated": "terminate_instances"}


def run(context: StepContext) -> StepResult:
    """Change the state and wait until it is reached."""
    inputs = context.inputs
    instance_ids, desired = [str(entry) for entry in inputs["InstanceIds"]], str(inputs["DesiredState"])
    if desired not in _OPERATIONS:
        raise InvalidInputError(f"DesiredState {desired} is none of {', '.join(_OPERATIONS)}")
    check_only = flag(inputs.get("CheckStateOnly"), "CheckStateOnly")
    fail_on_stopped = desired == "running" and flag(inputs.get("FailOnUnexpectedStopped"), "FailOnUnexpectedStopped")
    if not check_only:
        extra = {"Force": True} if desired == "stopped" and flag(inputs.get("Force"), "Force") else {}
        if desired == "running" and inputs.get("AdditionalInfo"):
            extra["AdditionalInfo"] = inputs["AdditionalInfo"]
        request(context, "ec2", _OPERATIONS[desired], InstanceIds=instance_ids, **extra)
    states = await_state(
        context,
        instance_ids,
        desired,
        f"verifying the instance(s) are {desired}",
        fail_on_stopped=fail_on_stopped and not check_only,
    )
    return StepResult(outputs={"InstanceStates": states})


ACTION = Action(
    name="aws:changeInstanceState",
    run=run,
    impact=Impact.MUTATING,
    inputs={
        "InstanceIds": Input(LIST, required=True),
        "DesiredState": Input(TEXT, required=True),
        "CheckStateOnly": Input(FLAG),
        "Force": Input(FLAG),
        "FailOnUnexpectedStopped": Input(FLAG),
        "AdditionalInfo": Input(TEXT),
    },
)
