"""Waiting for EC2 instances, for the actions that change or launch them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.automation.actions._aws import request
from rehearsal.automation.errors import StepFailedError
from rehearsal.automation.statuses import FailureStage, FailureType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.action import StepContext

_GONE = frozenset({"shutting-down", "terminated"})
_FALLEN = frozenset({"stopping", "stopped"})


def await_state(
    context: StepContext, instance_ids: list[str], desired: str, stage: str, *, fail_on_stopped: bool = False
) -> list[str]:
    """Wait until every instance is in the desired state; `running` includes both status checks. Returns the states."""
    for _ in context.pauses(stage):
        found = request(context, "ec2", "describe_instance_status", InstanceIds=instance_ids, IncludeAllInstances=True)[
            "InstanceStatuses"
        ]
        states = {entry["InstanceId"]: str(entry["InstanceState"]["Name"]) for entry in found}
        if len(found) == len(instance_ids) and all(_is_there(entry, desired) for entry in found):
            return [states[instance_id] for instance_id in instance_ids]
        _check_hopeless(states, desired, stage, fail_on_stopped=fail_on_stopped)
    return []


def _is_there(status: Mapping[str, Any], desired: str) -> bool:
    if status["InstanceState"]["Name"] != desired:
        return False
    if desired != "running":
        return True
    return bool(status["InstanceStatus"]["Status"] == "ok" and status["SystemStatus"]["Status"] == "ok")


def _check_hopeless(states: Mapping[str, str], desired: str, stage: str, *, fail_on_stopped: bool) -> None:
    hopeless = (_GONE if desired != "terminated" else frozenset()) | (_FALLEN if fail_on_stopped else frozenset())
    lost = sorted(f"{instance_id} is {state}" for instance_id, state in states.items() if state in hopeless)
    if lost:
        raise StepFailedError(
            f"Instances cannot become {desired}: {', '.join(lost)}",
            stage=stage,
            failure_stage=FailureStage.POST_VERIFICATION,
            failure_type=FailureType.VERIFICATION,
        )
