"""`aws:waitForAwsResourceProperty`: look at a property until it has a desired value (reference §3.23)."""

from __future__ import annotations

from rehearsal.automation.action import Action, StepContext, StepResult
from rehearsal.automation.actions import _property
from rehearsal.automation.actions._aws import is_transient
from rehearsal.automation.errors import StepFailedError, StepTimedOutError
from rehearsal.automation.statuses import Impact

_STAGE = "waiting for the resource property to have a desired value"


def run(context: StepContext) -> StepResult:
    """Poll. Errors of the call are tried again until the time is up, unless a permission or a parameter is at fault."""
    _property.check(context.inputs)
    last = "it was never read"
    try:
        for _ in context.pauses(_STAGE):
            try:
                value = _property.read(context)
            except StepFailedError as error:
                cause = error.__cause__
                if isinstance(cause, Exception) and not is_transient(cause):
                    raise
                last = error.detail
                continue
            if _property.is_desired(value, context.inputs["DesiredValues"]):
                return StepResult()
            last = f"{context.inputs['PropertySelector']} was last {_property.as_written(value)!r}"
    except StepTimedOutError as error:
        raise StepTimedOutError(_STAGE, last) from error
    return StepResult()


ACTION = Action(
    name="aws:waitForAwsResourceProperty",
    run=run,
    impact=Impact.NON_MUTATING,
    inputs=None,
    required=_property.REQUIRED,
)
