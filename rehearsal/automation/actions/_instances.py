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
        statuses = {instance_id: _status(context, instance_id) for instance_id in instance_ids}
        states = {name: str(status["InstanceState"]["Name"]) for name, status in statuses.items() if status}
        if all(status and _is_there(status, desired) for status in statuses.values()):
            return [states[instance_id] for instance_id in instance_ids]
        _check_hopeless(states, desired, stage, fail_on_stopped=fail_on_stopped)
    return []


def _status(context: StepContext, instance_id: str) -> dict[str, Any] | None:
    """Return the status of one instance, or None while EC2 does not list it yet."""
    answer = request(context, "ec2", "describe_instance_status", InstanceIds=[instance_id], IncludeAllInstances=True)
    found: list[dict[str, Any]] = answer["InstanceStatuses"]
    return found[0] if found else None


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
