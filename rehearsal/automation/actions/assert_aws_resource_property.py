"""`aws:assertAwsResourceProperty`: fail unless a property has a desired value (reference §3.2)."""

from __future__ import annotations

from rehearsal.automation.action import Action, StepContext, StepResult
from rehearsal.automation.actions import _property
from rehearsal.automation.errors import StepFailedError
from rehearsal.automation.statuses import FailureStage, FailureType, Impact


def run(context: StepContext) -> StepResult:
    """Read the property once."""
    _property.check(context.inputs)
    value = _property.read(context)
    desired = context.inputs["DesiredValues"]
    if _property.is_desired(value, desired):
        return StepResult()
    listed = ", ".join(_property.as_written(entry) for entry in desired)
    raise StepFailedError(
        f"Property value {context.inputs['PropertySelector']} = {_property.as_written(value)!r} from the API output "
        f"is not in the desired values [{listed}]",
        stage="asserting the resource property",
        failure_stage=FailureStage.POST_VERIFICATION,
        failure_type=FailureType.VERIFICATION,
    )


ACTION = Action(
    name="aws:assertAwsResourceProperty",
    run=run,
    impact=Impact.NON_MUTATING,
    inputs=None,
    required=_property.REQUIRED,
)
