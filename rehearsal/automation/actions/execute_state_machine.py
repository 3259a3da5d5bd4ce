"""`aws:executeStateMachine`: run a Step Functions state machine and wait for it (reference §3.14)."""

from __future__ import annotations

import contextlib

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.automation.action import TEXT, Action, Input, StepContext, StepResult
from rehearsal.automation.actions._aws import request
from rehearsal.automation.encoding import plain
from rehearsal.automation.errors import StepCancelledError, StepFailedError
from rehearsal.automation.statuses import FailureStage, Impact

_STAGE = "Poll action status for completion"
_SHOWN = ("executionArn", "input", "name", "output", "startDate", "stateMachineArn", "status", "stopDate")


def run(context: StepContext) -> StepResult:
    """Start the state machine and poll; cancelling the step stops it."""
    wanted = {name: value for name, value in context.inputs.items() if value}
    arn = str(request(context, "stepfunctions", "start_execution", **wanted)["executionArn"])
    try:
        for _ in context.pauses(_STAGE):
            answer = plain(request(context, "stepfunctions", "describe_execution", executionArn=arn))
            outputs = {name: answer[name] for name in _SHOWN if name in answer}
            if answer["status"] == "SUCCEEDED":
                return StepResult(outputs=outputs, payload=outputs)
            if answer["status"] != "RUNNING":
                reason = f"{answer.get('error', 'no error')}: {answer.get('cause', 'no cause was given')}"
                raise StepFailedError(
                    f"Execution {arn} ended with status {answer['status']} ({reason})",
                    stage=_STAGE,
                    failure_stage=FailureStage.POST_VERIFICATION,
                    outputs=outputs,
                )
    except StepCancelledError:
        with contextlib.suppress(ClientError, BotoCoreError):
            context.client("stepfunctions").stop_execution(executionArn=arn)
        raise
    return StepResult()


ACTION = Action(
    name="aws:executeStateMachine",
    run=run,
    impact=Impact.UNDETERMINED,
    inputs={"stateMachineArn": Input(TEXT, required=True), "name": Input(TEXT), "input": Input(TEXT)},
)
