"""`aws:executeAutomation`: run another runbook and wait for it (reference §3.11)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.automation.action import LIST, MAP, TEXT, Action, Input, StepContext, StepResult
from rehearsal.automation.actions._aws import request
from rehearsal.automation.encoding import texts_of
from rehearsal.automation.errors import InvalidInputError, StepCancelledError, StepFailedError, StepTimedOutError
from rehearsal.automation.records import new_id
from rehearsal.automation.statuses import FailureStage, Impact

if TYPE_CHECKING:
    from collections.abc import Mapping

_POLL = "Poll action status for completion"
_FINAL = frozenset({"Success", "TimedOut", "Cancelled", "Failed"})
_PASSED_ON = (
    "DocumentVersion",
    "Tags",
    "MaxConcurrency",
    "MaxErrors",
    "Targets",
    "TargetParameterName",
    "TargetMaps",
    "TargetLocations",
)


def run(context: StepContext) -> StepResult:
    """Start the child through the API, so that the role needs the permission, and wait for its end."""
    token = new_id()
    wanted = child_request(context.inputs)
    context.services.adopt(token, context.execution)
    try:
        answer = request(context, "ssm", "start_automation_execution", ClientToken=token, **wanted)
    finally:
        context.services.disown(token)
    execution_id = str(answer["AutomationExecutionId"])
    context.show_outputs({"ExecutionId": execution_id})
    try:
        child = _await(context, execution_id)
    except (StepCancelledError, StepTimedOutError):
        _stop(context, execution_id)
        raise
    return _result(context, execution_id, child)


def child_request(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the StartAutomationExecution request of a step. Raises `InvalidInputError`."""
    if inputs.get("Targets") and inputs.get("TargetMaps"):
        raise InvalidInputError("aws:executeAutomation takes Targets or TargetMaps, not both")
    if bool(inputs.get("Targets")) != bool(inputs.get("TargetParameterName")) and not inputs.get("TargetMaps"):
        raise InvalidInputError("aws:executeAutomation takes Targets and TargetParameterName together")
    child: dict[str, Any] = {"DocumentName": inputs["DocumentName"]}
    child |= {name: inputs[name] for name in _PASSED_ON if inputs.get(name) not in (None, "", [], {})}
    parameters = {name: texts_of(value) for name, value in (inputs.get("RuntimeParameters") or {}).items()}
    parameters = {name: texts for name, texts in parameters.items() if texts != [""]}  # the API refuses empty values
    if parameters:
        child["Parameters"] = parameters
    return child


def _await(context: StepContext, execution_id: str) -> dict[str, Any]:
    """Wait inside this engine where the child is its own; poll where it is another's."""
    with context.blocked(True):
        ended = context.services.await_execution(execution_id, context.control, context.deadline)
        if ended is False:
            raise StepTimedOutError(_POLL)
        for _ in context.pauses(_POLL):
            answer = request(context, "ssm", "get_automation_execution", AutomationExecutionId=execution_id)
            execution: dict[str, Any] = answer["AutomationExecution"]
            if execution["AutomationExecutionStatus"] in _FINAL:
                return execution
    raise StepTimedOutError(_POLL)


def _stop(context: StepContext, execution_id: str) -> None:
    """Cancel the child: the service does that itself where it can, without the role's permission."""
    if context.services.stop_execution(execution_id):
        return
    with contextlib.suppress(ClientError, BotoCoreError):
        context.client("ssm").stop_automation_execution(AutomationExecutionId=execution_id, Type="Cancel")


def _result(context: StepContext, execution_id: str, child: Mapping[str, Any]) -> StepResult:
    status = str(child["AutomationExecutionStatus"])
    output = [text for texts in child.get("Outputs", {}).values() for text in texts]
    outputs: dict[str, Any] = {"ExecutionId": execution_id, "Status": status, "Output": output}
    if context.inputs.get("TargetLocations"):
        outputs = {}
    if status == "Success":
        return StepResult(outputs=outputs, payload=outputs or None)
    reason = child.get("FailureMessage") or "no reason was given"
    raise StepFailedError(
        f"Automation execution {execution_id} of {context.inputs['DocumentName']} ended with status {status}: {reason}",
        stage=_POLL,
        failure_stage=FailureStage.POST_VERIFICATION,
        outputs=outputs,
    )


ACTION = Action(
    name="aws:executeAutomation",
    run=run,
    impact=Impact.UNDETERMINED,
    inputs={
        "DocumentName": Input(TEXT, required=True),
        "DocumentVersion": Input(TEXT),
        "RuntimeParameters": Input(MAP),
        "Tags": Input(LIST),
        "MaxConcurrency": Input(TEXT),
        "MaxErrors": Input(TEXT),
        "Targets": Input(LIST),
        "TargetParameterName": Input(TEXT),
        "TargetMaps": Input(LIST),
        "TargetLocations": Input(LIST),
    },
)
