"""What is kept of an execution and its steps, and how the API shows it (reference §4.5, appendix A)."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field, fields
from typing import Any

from rehearsal.automation.statuses import ExecutionStatus, Mode, StepStatus


def new_id() -> str:
    """Return a new identifier, 36 characters long as the API demands."""
    return str(uuid.uuid4())


def now() -> float:
    """Return the time as the API writes it: seconds since 1970, with milliseconds."""
    return round(time.time(), 3)


@dataclass
class StepRecord:
    """One entry of `StepExecutions`. A pending step has a name, an action and a status only."""

    position: int  # order among the steps of its execution
    name: str
    action: str
    status: StepStatus = StepStatus.PENDING
    step_execution_id: str | None = None
    start: float | None = None
    end: float | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, list[str]] = field(default_factory=dict)
    failure_message: str | None = None
    failure_details: dict[str, Any] | None = None
    response_code: str | None = None
    response: str | None = None
    timeout_seconds: int | None = None
    on_failure: str | None = None
    max_attempts: int | None = None
    is_end: bool | None = None
    is_critical: bool | None = None
    next_step: str | None = None
    valid_next_steps: list[str] | None = None
    parent: dict[str, Any] | None = None
    target_location: dict[str, Any] | None = None
    listed: bool = True  # whether GetAutomationExecution shows it; steps inside a loop are found by DescribeSteps

    def wire(self) -> dict[str, Any]:
        """Return the `StepExecution` shape."""
        if self.status is StepStatus.PENDING and self.step_execution_id is None:
            return {"StepName": self.name, "Action": self.action, "StepStatus": self.status.value}
        shape: dict[str, Any] = {
            "StepName": self.name,
            "Action": self.action,
            "StepStatus": self.status.value,
            "StepExecutionId": self.step_execution_id,
            "ExecutionStartTime": self.start,
            "ExecutionEndTime": self.end,
            "Inputs": self.inputs,
            "Outputs": self.outputs,
            "FailureMessage": self.failure_message,
            "FailureDetails": self.failure_details,
            "ResponseCode": self.response_code,
            "Response": self.response,
            "TimeoutSeconds": self.timeout_seconds,
            "OnFailure": self.on_failure,
            "MaxAttempts": self.max_attempts,
            "IsEnd": self.is_end,
            "IsCritical": self.is_critical,
            "NextStep": self.next_step,
            "ValidNextSteps": self.valid_next_steps,
            "ParentStepDetails": self.parent,
            "TargetLocation": self.target_location,
            "OverriddenParameters": {},
        }
        return {key: value for key, value in shape.items() if value is not None}


@dataclass
class ExecutionRecord:
    """One execution, without its steps."""

    execution_id: str
    document_name: str
    document_version: str
    executed_by: str
    parameters: dict[str, list[str]]
    mode: Mode = Mode.AUTO
    status: ExecutionStatus = ExecutionStatus.PENDING
    start: float = field(default_factory=now)
    end: float | None = None
    outputs: dict[str, list[str]] = field(default_factory=dict)
    variables: dict[str, list[str]] = field(default_factory=dict)
    failure_message: str | None = None
    parent_id: str | None = None
    depth: int = 0
    current_step: str | None = None
    current_action: str | None = None
    automation_type: str = "Local"
    target: str | None = None
    target_parameter: str | None = None
    targets: list[dict[str, Any]] = field(default_factory=list)
    target_maps: list[dict[str, Any]] | None = None
    target_locations: list[dict[str, Any]] | None = None
    target_locations_url: str | None = None
    resolved_targets: list[str] = field(default_factory=list)
    max_concurrency: str | None = None
    max_errors: str | None = None
    progress: dict[str, int] | None = None
    alarms: dict[str, Any] | None = None
    triggered_alarms: list[dict[str, Any]] | None = None
    tags: list[dict[str, str]] = field(default_factory=list)

    def wire(self) -> dict[str, Any]:
        """Return the `AutomationExecution` shape, without `StepExecutions`."""
        shape = self._common()
        shape |= {
            "Parameters": self.parameters,
            "StepExecutionsTruncated": False,
            "Variables": self.variables or None,
            "TargetLocations": self.target_locations,
            "ProgressCounters": self.progress,
        }
        return {key: value for key, value in shape.items() if value is not None}

    def metadata(self) -> dict[str, Any]:
        """Return the `AutomationExecutionMetadata` shape."""
        shape = self._common() | {"LogFile": "", "AutomationType": self.automation_type}
        return {key: value for key, value in shape.items() if value is not None}

    def _common(self) -> dict[str, Any]:
        return {
            "AutomationExecutionId": self.execution_id,
            "DocumentName": self.document_name,
            "DocumentVersion": self.document_version,
            "AutomationExecutionStatus": self.status.value,
            "ExecutionStartTime": self.start,
            "ExecutionEndTime": self.end,
            "ExecutedBy": self.executed_by,
            "Outputs": self.outputs,
            "Mode": self.mode.value,
            "ParentAutomationExecutionId": self.parent_id,
            "CurrentStepName": self.current_step,
            "CurrentAction": self.current_action,
            "FailureMessage": self.failure_message,
            "TargetParameterName": self.target_parameter,
            "Targets": self.targets,
            "TargetMaps": self.target_maps,
            "TargetLocationsURL": self.target_locations_url,
            "ResolvedTargets": {"ParameterValues": self.resolved_targets, "Truncated": False},
            "MaxConcurrency": self.max_concurrency,
            "MaxErrors": self.max_errors,
            "Target": self.target,
            "AlarmConfiguration": self.alarms,
            "TriggeredAlarms": self.triggered_alarms,
        }


def step_from_json(data: dict[str, Any]) -> StepRecord:
    """Return a stored step; fields that a newer or older version wrote and this one does not know are dropped."""
    known = {key: value for key, value in data.items() if key in _STEP_FIELDS}
    known["status"] = StepStatus(known["status"])
    return StepRecord(**known)


def execution_from_json(data: dict[str, Any]) -> ExecutionRecord:
    """Return a stored execution; unknown fields are dropped."""
    known = {key: value for key, value in data.items() if key in _EXECUTION_FIELDS}
    known["status"] = ExecutionStatus(known["status"])
    known["mode"] = Mode(known["mode"])
    return ExecutionRecord(**known)


_STEP_FIELDS = frozenset(entry.name for entry in fields(StepRecord))
_EXECUTION_FIELDS = frozenset(entry.name for entry in fields(ExecutionRecord))
