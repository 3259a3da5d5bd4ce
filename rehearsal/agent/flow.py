"""Run a document's steps in order: preconditions, control flow and what each step's result becomes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from rehearsal.agent.output import StepOutput, folder_name
from rehearsal.agent.plugins import KNOWN_ACTIONS, PLUGINS
from rehearsal.agent.preconditions import Operation, decide
from rehearsal.agent.results import (
    EXIT_WITH_FAILURE,
    EXIT_WITH_SUCCESS,
    Status,
    StepResult,
    combine,
    truncate,
    worst,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rehearsal.agent.content import Step
    from rehearsal.agent.document import PreparedDocument
    from rehearsal.agent.plugins import Plugin
    from rehearsal.agent.run_context import RunContext

_EXITED = (
    "\nStep exited with code {code}. Therefore, marking step as {outcome}. Further document steps will be skipped."
)
_ON_FAILURE = b"\nStep was found to have onFailure property. Further document steps will be skipped."
_TO_BE_RUN = (Status.NOT_STARTED, Status.IN_PROGRESS, Status.SUCCESS_AND_REBOOT)


def now() -> str:
    """The time as the agent writes it: ISO 8601, UTC, milliseconds."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def run_steps(
    document: PreparedDocument,
    run: RunContext,
    *,
    earlier: Mapping[str, StepResult] | None = None,
    on_result: Callable[[StepResult], None] | None = None,
) -> list[StepResult]:
    """Run what has not run yet and return every step's result.

    `earlier` holds results from before a reboot: those steps are not run again, except the one that asked for it.
    `on_result` is called with each new result. Nothing follows a step that ends with SuccessAndReboot.
    """
    results: list[StepResult] = []
    for position, step in enumerate(document.steps):
        before = (earlier or {}).get(step.name)
        if before is not None and before.status not in _TO_BE_RUN:
            results.append(before)
            continue
        result = _run_step(document, position, results, run)
        results.append(result)
        if on_result:
            on_result(result)
        if result.status is Status.SUCCESS_AND_REBOOT:
            break
    return results


def _run_step(document: PreparedDocument, position: int, results: Sequence[StepResult], run: RunContext) -> StepResult:
    step = document.steps[position]
    result = StepResult(step.name, step.action, started=now(), output_name=_output_name(step))
    if _exited(document.steps, position, results):
        result.status = Status.SKIPPED
        result.output = (
            f"Plugin with name {step.action} and id {step.name} skipped due to prior step with an exit condition"
        )
    else:
        operation, message = decide(
            step,
            values=document.values,
            enabled=document.has_preconditions,
            known=step.action in KNOWN_ACTIONS,
            handled=step.action in PLUGINS,
        )
        if operation is Operation.EXECUTE:
            run.log(f"Running plugin {step.action} {step.name}")
            _execute(step, result, run)
        elif operation is Operation.SKIP:
            result.status, result.output = Status.SKIPPED, message
        else:
            result.status, result.error, result.output = Status.FAILED, message, message
    result.ended = now()
    return result


def _execute(step: Step, result: StepResult, run: RunContext) -> None:
    plugin = PLUGINS[step.action]
    folder = run.orchestration / folder_name(step.action) / result.output_name
    try:
        with StepOutput(folder) as output:
            result.status, result.code = _run_each(plugin, step, output, run)
            stdout, stderr = output.stdout.beginning(), output.stderr.beginning()
            for stream in (output.stdout, output.stderr):
                if stream.error:
                    run.log(f"step {step.name}: output is not kept: {stream.error}")
    except Exception as error:  # noqa: BLE001 - as for the genuine agent, a plugin's crash is its step's failure
        result.status, result.code, result.error = Status.FAILED, 1, f"Plugin crashed with message {error}!"
        result.stderr = result.output = result.error
        return
    result.stdout, result.stderr = stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace")
    result.output = combine(result.stdout, result.stderr)
    _apply_control_flow(step, result, stdout, stderr)


def _run_each(plugin: Plugin, step: Step, output: StepOutput, run: RunContext) -> tuple[Status, int]:
    """Run each set of inputs, mostly there is one; the worst status and the first code that is not 0 count."""
    sets = step.inputs if isinstance(step.inputs, list) else [step.inputs]
    statuses: list[Status] = []
    code = 0
    for inputs in sets:
        output.code, output.status = 0, Status.SUCCESS
        plugin(step, inputs, output, run)
        statuses.append(output.status)
        code = code or output.code
        if output.status is Status.SUCCESS_AND_REBOOT:
            break
    return worst(statuses), code


def _output_name(step: Step) -> str:
    """Schema 1.2 names outputs after the properties' `id`, schema 2.x after the step."""
    if step.name != step.action:
        return folder_name(step.name)
    properties = step.inputs[0] if isinstance(step.inputs, list) and step.inputs else step.inputs
    return folder_name(str(properties.get("id", ""))) if isinstance(properties, dict) else ""


def _apply_control_flow(step: Step, result: StepResult, stdout: bytes, stderr: bytes) -> None:
    on_failure = modifier(step.inputs, "onFailure")
    if result.code == EXIT_WITH_SUCCESS:
        stdout += _EXITED.format(code=EXIT_WITH_SUCCESS, outcome="succeeded").encode()
        result.status, stderr = Status.SUCCESS, b""
    elif result.code == EXIT_WITH_FAILURE:
        addition = _EXITED.format(code=EXIT_WITH_FAILURE, outcome="Failed").encode()
        stdout, stderr = stdout + addition, stderr + addition
    elif result.status is Status.FAILED and on_failure in {"exit", "successAndExit"}:
        stdout, stderr = stdout + _ON_FAILURE, stderr + _ON_FAILURE
        if on_failure == "successAndExit":
            result.status, result.code = Status.SUCCESS, EXIT_WITH_SUCCESS
    result.stdout, result.stderr = truncate(stdout), truncate(stderr)


def modifier(inputs: Any, name: str) -> str:
    """A control-flow key: read from the step's inputs (not from the step), a string or a boolean."""
    value = inputs.get(name) if isinstance(inputs, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""


def _exited(steps: Sequence[Step], position: int, results: Sequence[StepResult]) -> bool:
    """Whether a prior step ended the document; a `finallyStep`, which only the last step can be, runs all the same."""
    if modifier(steps[position].inputs, "finallyStep") == "true" and position == len(steps) - 1:
        return False
    return any(_ends_document(step, result) for step, result in zip(steps, results, strict=False))


def _ends_document(step: Step, result: StepResult) -> bool:
    if result.code in {EXIT_WITH_SUCCESS, EXIT_WITH_FAILURE}:
        return True
    if result.status is Status.FAILED:
        return modifier(step.inputs, "onFailure") == "exit"
    return result.status is Status.SUCCESS and modifier(step.inputs, "onSuccess") == "exit"
