"""Whether an execution can take a signal now (reference §6, SendAutomationSignal)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rehearsal.automation.approvers import is_approver
from rehearsal.automation.errors import ApiError
from rehearsal.automation.statuses import Mode, StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.access import Caller
    from rehearsal.automation.records import ExecutionRecord, StepRecord

_WAITS_FOR = {"Approve": "aws:approve", "Reject": "aws:approve", "Resume": "aws:pause"}


def check_signal(
    record: ExecutionRecord, steps: list[StepRecord], kind: str, payload: Mapping[str, Any], caller: Caller
) -> None:
    """Raise `ApiError` when the execution cannot take this signal now."""
    _check_step_name(steps, kind, payload)
    if kind == "StartStep" and record.mode is not Mode.INTERACTIVE:
        raise _invalid("StartStep is for executions in Interactive mode.")
    if kind == "StopStep":
        ids = [str(entry) for entry in payload.get("StepExecutionId", [])]
        if not any(step.step_execution_id in ids for step in steps):
            raise ApiError("AutomationStepNotFoundException", f"No step of the execution has the id {', '.join(ids)}.")
    if kind == "Revoke":
        raise _invalid("Revoke is for access requests, which are not automations.")
    if kind in _WAITS_FOR:
        _check_waiting(steps, kind, caller)


def _check_step_name(steps: list[StepRecord], kind: str, payload: Mapping[str, Any]) -> None:
    names = [str(name) for name in payload.get("StepName", [])]
    if kind == "StartStep" and not names:
        raise _invalid("StartStep needs a StepName in its Payload.")
    if kind in {"StartStep", "Resume"} and names and names[0] not in {step.name for step in steps}:
        raise ApiError("AutomationStepNotFoundException", f"Step {names[0]} is not a step of the execution.")


def _check_waiting(steps: list[StepRecord], kind: str, caller: Caller) -> None:
    action = _WAITS_FOR[kind]
    waiting = [step for step in steps if step.status is StepStatus.WAITING and step.action == action]
    if not waiting:
        raise _invalid(f"The execution has no step of {action} that waits for {kind}.")
    if action != "aws:approve":
        return
    approvers = json.loads(waiting[-1].inputs.get("Approvers", "[]"))
    if not is_approver(caller, approvers):
        raise _invalid(f"{caller.arn} is not an approver of step {waiting[-1].name}.")


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidAutomationSignalException", message)
