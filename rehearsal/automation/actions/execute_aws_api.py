"""`aws:executeAwsApi`: call any operation of boto3 (reference §3.12)."""

from __future__ import annotations

from rehearsal.automation.action import Action, StepContext, StepResult
from rehearsal.automation.actions._aws import ApiCall
from rehearsal.automation.statuses import Impact

_OWN = frozenset({"Service", "Api"})


def run(context: StepContext) -> StepResult:
    """Call the operation; the whole answer, with `ResponseMetadata`, can be selected from."""
    call = ApiCall(context, context.inputs, without=_OWN)
    answer = call.send(context.settings.limits.api_seconds)
    return StepResult(document=answer, optional=call.is_optional, payload=answer)


ACTION = Action(
    name="aws:executeAwsApi",
    run=run,
    impact=Impact.UNDETERMINED,
    inputs=None,
    required=("Service", "Api"),
)
