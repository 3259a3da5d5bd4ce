"""Runbooks under way: started, followed step by step, stopped, and asked why they failed."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rehearsal.scenarios.outputs import HostOutput, command_outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rehearsal.scenarios.aws import Aws

POLL_SECONDS = 0.2
FINISHED = frozenset({"Success", "Failed", "TimedOut", "Cancelled", "CompletedWithSuccess", "CompletedWithFailure"})
STEP_FINISHED = frozenset({"Success", "Failed", "TimedOut", "Cancelled", "Exited"})


@dataclass(frozen=True)
class StepChange:
    """A step has reached a status. `step` is the StepExecution as the API gives it."""

    name: str
    status: str
    step: Mapping[str, Any]

    @property
    def awaits_approval(self) -> bool:
        """Whether the step goes on once somebody approves."""
        return self.status == "Waiting" and self.step.get("Action") == "aws:approve"


Event = StepChange | HostOutput


@dataclass
class _Seen:
    """What was told already, so that each poll tells only what is new."""

    statuses: dict[str, str] = field(default_factory=dict)
    outputs: set[tuple[str, str, str]] = field(default_factory=set)


class Executions:
    def __init__(self, aws: Aws) -> None:
        self._ssm = aws.client("ssm")

    def start(self, runbook: str, parameters: Mapping[str, Any]) -> str:
        """The new execution's id. Raises botocore's ClientError with what the service says when it refuses."""
        # The API takes no empty map of parameters, and tells a missing one by name only when there is no map at all.
        given = {"Parameters": as_api_parameters(parameters)} if parameters else {}
        answer = self._ssm.start_automation_execution(DocumentName=runbook, **given)
        return str(answer["AutomationExecutionId"])

    def get(self, execution_id: str) -> dict[str, Any]:
        """GetAutomationExecution's AutomationExecution, with all its steps."""
        execution: dict[str, Any] = self._ssm.get_automation_execution(AutomationExecutionId=execution_id)[
            "AutomationExecution"
        ]
        if execution.get("StepExecutionsTruncated"):
            pages = self._ssm.get_paginator("describe_automation_step_executions").paginate(
                AutomationExecutionId=execution_id
            )
            execution["StepExecutions"] = [step for page in pages for step in page["StepExecutions"]]
        return execution

    def stop(self, execution_id: str) -> None:
        """Cancel it. That it has ended in the meantime is no error."""
        try:
            self._ssm.stop_automation_execution(AutomationExecutionId=execution_id, Type="Cancel")
        except self._ssm.exceptions.InvalidAutomationStatusUpdateException:
            return

    def approve(self, execution_id: str) -> None:
        """Answer what it waits to have approved, as the caller."""
        self._ssm.send_automation_signal(AutomationExecutionId=execution_id, SignalType="Approve")

    def follow(
        self, execution_id: str, tell: Callable[[Event], None], *, timeout_seconds: float, approve: bool = False
    ) -> dict[str, Any]:
        """Tell each change as it happens until the execution ends; the ended execution. `approve` answers approvals.

        Raises TimeoutError when it has not ended in time; it is left running then.
        """
        seen = _Seen()
        deadline = time.monotonic() + timeout_seconds
        while True:
            execution = self.get(execution_id)
            for event in self._news(execution, seen):
                tell(event)
                if approve and isinstance(event, StepChange) and event.awaits_approval:
                    self.approve(execution_id)
            if execution["AutomationExecutionStatus"] in FINISHED:
                return execution
            if time.monotonic() > deadline:
                raise TimeoutError(f"{execution['DocumentName']} ({execution_id}) did not end in {timeout_seconds:g} s")
            time.sleep(POLL_SECONDS)

    def explain(self, execution: Mapping[str, Any]) -> str:
        """Why it did not succeed, whole: the messages of its steps and what their commands wrote on hosts."""
        parts = [str(execution.get("FailureMessage", "")).strip()]
        for step in execution.get("StepExecutions", []):
            if step.get("StepStatus") not in {"Failed", "TimedOut", "Cancelled"}:
                continue
            message = str(step.get("FailureMessage", "")).strip()
            parts.append(f"Step {step['StepName']} ({step['Action']}) is {step['StepStatus']}. {message}".strip())
            parts += [output.as_text() for output in self._outputs(step) if output.status != "Success"]
            for child in step.get("Outputs", {}).get("ExecutionId", []):
                parts.append(f"Its child execution {child}: {self.explain(self.get(child))}")
        return "\n".join(part for part in dict.fromkeys(parts) if part)

    def host_outputs(self, execution: Mapping[str, Any]) -> list[HostOutput]:
        """What every command of its steps wrote."""
        return [output for step in execution.get("StepExecutions", []) for output in self._outputs(step)]

    def _news(self, execution: Mapping[str, Any], seen: _Seen) -> Iterator[Event]:
        for step in execution.get("StepExecutions", []):
            key, status = step.get("StepExecutionId", step["StepName"]), step.get("StepStatus", "Pending")
            is_new = status not in {"Pending", seen.statuses.get(key)}
            if is_new and status in STEP_FINISHED:
                yield from self._new_outputs(step, seen)
            if is_new:
                seen.statuses[key] = status
                yield StepChange(step["StepName"], status, step)
            if status == "InProgress" and step.get("Action") == "aws:runCommand":
                yield from self._new_outputs(step, seen)

    def _new_outputs(self, step: Mapping[str, Any], seen: _Seen) -> Iterator[HostOutput]:
        for output in self._outputs(step, ended_only=True):
            key = (step["StepName"], output.instance_id, output.plugin)
            if key not in seen.outputs:
                seen.outputs.add(key)
                yield output

    def _outputs(self, step: Mapping[str, Any], *, ended_only: bool = False) -> Iterator[HostOutput]:
        for command_id in step.get("Outputs", {}).get("CommandId", []):
            yield from command_outputs(self._ssm, command_id, step=step["StepName"], ended_only=ended_only)


def as_api_parameters(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """Parameters as StartAutomationExecution takes them: every value a list of strings, maps and numbers as JSON."""

    def text(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))

    return {
        name: [text(item) for item in value] if isinstance(value, list | tuple) else [text(value)]
        for name, value in parameters.items()
    }


def step_times(step: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """A step's start and end in epoch seconds."""
    start, end = step.get("ExecutionStartTime"), step.get("ExecutionEndTime")
    return (
        start.timestamp() if isinstance(start, datetime) else None,
        end.timestamp() if isinstance(end, datetime) else None,
    )
