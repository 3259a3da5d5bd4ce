"""One step: its attempts, their timeouts, and what came of it (reference §2.1)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.automation.action import Action, StepContext, StepResult, check_inputs
from rehearsal.automation.errors import InvalidInputError, StepFailedError, StepTimedOutError
from rehearsal.automation.outputs import declared_outputs
from rehearsal.automation.references import Lookup, resolve
from rehearsal.automation.statuses import FailureStage, FailureType, StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.automation.control import Control
    from rehearsal.automation.runbook import Step
    from rehearsal.automation.settings import EngineSettings

THROTTLED_RETRY = "/ssm/automation/throttled-retry-time-limit"
_INPUT_STAGE = "validating and resolving the step inputs"


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    status: StepStatus
    result: StepResult = field(default_factory=StepResult)
    outputs: dict[str, Any] | None = None
    message: str | None = None
    details: dict[str, Any] | None = None


@dataclass(frozen=True)
class Plan:
    """A step with its references resolved."""

    inputs: dict[str, Any]
    timeout: float
    attempts: int


def plan(step: Step, action: Action, lookup: Lookup) -> Plan:
    """Resolve a step's inputs and bounds. Raises `InvalidInputError`."""
    inputs = {name: value if name in action.late else resolve(value, lookup) for name, value in step.inputs.items()}
    check_inputs(action, inputs)
    timeout = _positive(resolve(step.timeout_seconds, lookup), "timeoutSeconds", action.default_timeout)
    if action.maximum_timeout is not None:
        timeout = min(timeout, action.maximum_timeout)
    return Plan(inputs, timeout, int(_positive(resolve(step.max_attempts, lookup), "maxAttempts", 1)))


def _positive(value: Any, name: str, default: float) -> float:
    if value is None or value == "":
        return default
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{name} is {value!r}, which is not an Integer") from error
    if number < 1 or isinstance(value, bool):
        raise InvalidInputError(f"{name} is {value!r}; it has to be at least 1")
    return number


def input_failure(error: InvalidInputError) -> Outcome:
    """Return the outcome of a step whose inputs are wrong."""
    failed = StepFailedError(
        str(error),
        stage=_INPUT_STAGE,
        failure_stage=FailureStage.INPUT_VALIDATION,
        failure_type=FailureType.VERIFICATION,
    )
    return _failed(failed)


def attempt_step(
    step: Step, action: Action, planned: Plan, settings: EngineSettings, context_for: Callable[[float], StepContext]
) -> Outcome:
    """Try a step until it succeeds or its attempts are used up.

    Throttled calls are repeated first, within the account's throttled-retry window; then `maxAttempts` applies. Each
    attempt has the whole timeout. Raises `StepCancelledError`.
    """
    throttle_until = time.monotonic() + (_throttle_window(settings) if action.retries_throttling else 0)
    left = planned.attempts
    while True:
        context = context_for(planned.timeout)
        try:
            return _attempt(step, action, context)
        except InvalidInputError as error:
            return input_failure(error)
        except StepTimedOutError as error:
            outcome = Outcome(StepStatus.TIMED_OUT, message=error.message, details=_details(FailureStage.INVOCATION))
        except StepFailedError as error:
            if error.throttled and time.monotonic() < throttle_until:
                _pause(context.control, settings)
                continue
            outcome = _failed(error)
        left -= 1
        if left < 1:
            return outcome
        _pause(context.control, settings)


def _throttle_window(settings: EngineSettings) -> float:
    text = settings.service_setting(THROTTLED_RETRY)
    return min(3600.0, float(text)) if text and text.isdigit() else 0.0


def _pause(control: Control, settings: EngineSettings) -> None:
    control.wait(time.monotonic() + settings.poll_seconds[1])


def _attempt(step: Step, action: Action, context: StepContext) -> Outcome:
    context.control.check()
    result = action.run(context)
    outputs = dict(result.outputs)
    document = result.document if result.document is not None else outputs
    outputs.update(declared_outputs(step.outputs, document, result.optional))
    return Outcome(StepStatus.EXITED if result.exit_to else StepStatus.SUCCESS, result, outputs)


def _failed(error: StepFailedError) -> Outcome:
    details = _details(error.failure_stage, error.failure_type)
    return Outcome(StepStatus.FAILED, outputs=dict(error.outputs) or None, message=error.message, details=details)


def _details(stage: FailureStage, kind: FailureType = FailureType.ACTION) -> dict[str, Any]:
    return {"FailureStage": stage.value, "FailureType": kind.value}
