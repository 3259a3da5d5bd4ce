"""`aws:approve`: wait until people approve or reject (reference §3.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rehearsal.automation.action import LIST, MAP, NUMBER, TEXT, Action, Input, StepContext, StepResult, number
from rehearsal.automation.actions._aws import request
from rehearsal.automation.approvers import is_approver
from rehearsal.automation.errors import InvalidInputError, StepFailedError
from rehearsal.automation.records import now
from rehearsal.automation.statuses import Impact

if TYPE_CHECKING:
    from collections.abc import Mapping

_STAGE = "waiting for approval"
_MOST_MESSAGE = 4096
_MOST_APPROVERS = 10
_TOPIC = re.compile(r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:Automation")


def run(context: StepContext) -> StepResult:
    """Tell the topic, then collect decisions. One approver counts once; one rejection decides."""
    approvers, needed = _check(context.inputs)
    _notify(context)
    decisions: dict[str, dict[str, Any]] = {}
    context.show_outputs(_outputs("Waiting", decisions))
    with context.waiting_for_person():
        for signal in context.signals(_STAGE):
            if signal.kind not in {"Approve", "Reject"} or not is_approver(signal.caller, approvers):
                continue
            decisions[signal.caller.arn] = _decision(signal.kind, signal.caller.arn, signal.payload)
            if signal.kind == "Reject":
                raise StepFailedError(
                    f"{signal.caller.arn} rejected the execution", stage=_STAGE, outputs=_outputs("Rejected", decisions)
                )
            context.show_outputs(_outputs("Waiting", decisions))
            if len(decisions) >= needed:
                break
    outputs = _outputs("Approved", decisions)
    return StepResult(outputs=outputs, payload=outputs)


def _check(inputs: Mapping[str, Any]) -> tuple[list[str], int]:
    approvers = [str(entry) for entry in inputs["Approvers"]]
    needed = number(inputs.get("MinRequiredApprovals") or 1, "MinRequiredApprovals")
    if len(approvers) > _MOST_APPROVERS:
        raise InvalidInputError(f"Approvers has {len(approvers)} entries; the most is {_MOST_APPROVERS}")
    if not 1 <= needed <= len(approvers):
        raise InvalidInputError(
            f"MinRequiredApprovals is {needed}; it has to be from 1 to the {len(approvers)} approvers"
        )
    if len(str(inputs.get("Message") or "")) > _MOST_MESSAGE:
        raise InvalidInputError(f"Message has more than {_MOST_MESSAGE} characters")
    topic = inputs.get("NotificationArn")
    if topic and not _TOPIC.match(str(topic)):
        raise InvalidInputError(f"NotificationArn {topic} is not a topic whose name starts with Automation")
    return approvers, needed


def _notify(context: StepContext) -> None:
    topic = context.inputs.get("NotificationArn")
    if not topic:
        return
    execution = context.execution
    text = (
        f"{context.inputs.get('Message') or 'An automation waits for your approval.'}\n\n"
        f"Automation: {execution.document_name} version {execution.document_version}\n"
        f"Execution: {execution.execution_id}\nStep: {context.step.name}\nStarted by: {execution.executed_by}\n"
    )
    request(context, "sns", "publish", TopicArn=topic, Subject="Automation waits for approval", Message=text)


def _decision(kind: str, approver: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    comment = payload.get("Comment") or [""]
    return {"Approver": approver, "ApprovalStatus": kind, "ApprovalDecisionTime": now(), "Comment": comment[0]}


def _outputs(status: str, decisions: Mapping[str, Any]) -> dict[str, Any]:
    return {"ApprovalStatus": status, "ApproverDecisions": list(decisions.values())}


ACTION = Action(
    name="aws:approve",
    run=run,
    impact=Impact.NON_MUTATING,
    inputs={
        "NotificationArn": Input(TEXT),
        "Message": Input(TEXT),
        "MinRequiredApprovals": Input(NUMBER),
        "Approvers": Input(LIST, required=True),
        "EnhancedApprovals": Input(MAP),
    },
    default_timeout=604_800,
    maximum_timeout=2_592_000,
)
