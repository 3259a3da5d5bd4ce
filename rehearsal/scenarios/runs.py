"""Runs a runbook to its end and notes everything about it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rehearsal.scenarios.executions import Event, Executions, step_times
from rehearsal.scenarios.results import Run, StepResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rehearsal.scenarios.outputs import HostOutput

LONGEST_SECONDS = 1800


def run(
    executions: Executions,
    runbook: str,
    parameters: Mapping[str, Any],
    *,
    tell: Callable[[Event], None],
    timeout_seconds: float = LONGEST_SECONDS,
    approve: bool = False,
) -> Run:
    """Start a runbook and follow it. One that does not end in time is cancelled, and its status is TimedOut.

    `approve` answers what it waits to have approved, as the caller.
    Raises botocore's ClientError when the service refuses to start it. An interruption (KeyboardInterrupt) stops it.
    """
    started = time.time()
    execution_id = executions.start(runbook, parameters)
    try:
        execution = executions.follow(execution_id, tell, timeout_seconds=timeout_seconds, approve=approve)
    except TimeoutError as problem:
        executions.stop(execution_id)
        return as_run(executions, executions.get(execution_id), started, status="TimedOut", message=str(problem))
    except BaseException:
        executions.stop(execution_id)
        raise
    return as_run(executions, execution, started)


def as_run(
    executions: Executions,
    execution: Mapping[str, Any],
    started: float,
    *,
    status: str | None = None,
    message: str | None = None,
) -> Run:
    outputs: dict[str, list[HostOutput]] = {}
    for output in executions.host_outputs(execution):
        outputs.setdefault(output.step, []).append(output)
    status = status or str(execution["AutomationExecutionStatus"])
    if message is None:
        message = "" if status == "Success" else executions.explain(execution)
    ended = execution.get("ExecutionEndTime")
    return Run(
        execution_id=execution["AutomationExecutionId"],
        status=status,
        started=started,
        seconds=round((ended.timestamp() if ended else time.time()) - started, 2),
        message=message,
        steps=tuple(_steps(execution.get("StepExecutions", []), outputs)),
        outputs={name: tuple(values) for name, values in execution.get("Outputs", {}).items()},
    )


def _steps(steps: Iterable[Mapping[str, Any]], outputs: Mapping[str, list[HostOutput]]) -> Iterable[StepResult]:
    for step in steps:
        start, end = step_times(step)
        yield StepResult(
            name=step["StepName"],
            action=step["Action"],
            status=step.get("StepStatus", "Pending"),
            started=start,
            ended=end,
            message=str(step.get("FailureMessage", "")),
            outputs=tuple(outputs.get(step["StepName"], ())),
        )
