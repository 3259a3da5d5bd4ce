"""`aws:invokeLambdaFunction`: run a Lambda function (reference §3.16)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.automation.action import ANYTHING, TEXT, Action, Input, StepContext, StepResult
from rehearsal.automation.actions._aws import failure_of
from rehearsal.automation.errors import StepFailedError
from rehearsal.automation.statuses import Impact

if TYPE_CHECKING:
    from collections.abc import Mapping

_STAGE = "invoking the Lambda function"
_PASSED_ON = ("FunctionName", "Qualifier", "InvocationType", "LogType", "ClientContext")


def run(context: StepContext) -> StepResult:
    """Invoke and wait for the answer. A function that ended in an error fails the step."""
    wanted = _request(context.inputs)

    def invoke() -> tuple[dict[str, Any], bytes]:
        answer = dict(context.client("lambda").invoke(**wanted))
        return answer, answer["Payload"].read() if answer.get("Payload") else b""

    try:
        answer, payload = context.call(invoke, _STAGE, context.settings.limits.lambda_seconds)
    except (ClientError, BotoCoreError) as error:
        raise failure_of(error) from error
    if len(payload) > context.settings.limits.lambda_output_bytes:
        raise StepFailedError(
            f"The function returned {len(payload)} bytes, more than the output may have", stage=_STAGE
        )
    return _result(context, answer, payload.decode(errors="replace"))


def _request(inputs: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {name: inputs[name] for name in _PASSED_ON if inputs.get(name)}
    payload = inputs.get("InputPayload")
    if payload not in (None, "", {}):
        wanted["Payload"] = json.dumps(payload).encode()
    elif inputs.get("Payload"):
        legacy = inputs["Payload"]
        wanted["Payload"] = (legacy if isinstance(legacy, str) else json.dumps(legacy)).encode()
    return wanted


def _result(context: StepContext, answer: Mapping[str, Any], payload: str) -> StepResult:
    try:
        parsed = json.loads(payload) if payload else None
    except ValueError:
        parsed = payload
    # A string is shown without its quotes, so that it can be used as a String at once.
    outputs: dict[str, Any] = {
        "StatusCode": answer.get("StatusCode"),
        "Payload": parsed if isinstance(parsed, str) else payload,
    }
    if answer.get("LogResult"):
        outputs["LogResult"] = base64.b64decode(answer["LogResult"]).decode(errors="replace")
    if answer.get("FunctionError"):
        outputs["FunctionError"] = answer["FunctionError"]
        name = context.inputs["FunctionName"]
        raise StepFailedError(
            f"Function {name} ended in an error ({answer['FunctionError']}): {payload}", stage=_STAGE, outputs=outputs
        )
    # Selectors are written both from the payload ($.x) and from the outputs ($.Payload.x).
    document = {**(parsed if isinstance(parsed, dict) else {}), **outputs, "Payload": parsed}
    return StepResult(outputs=outputs, document=document, payload=outputs)


ACTION = Action(
    name="aws:invokeLambdaFunction",
    run=run,
    impact=Impact.UNDETERMINED,
    inputs={
        "FunctionName": Input(TEXT, required=True),
        "Qualifier": Input(TEXT),
        "InvocationType": Input(TEXT),
        "LogType": Input(TEXT),
        "ClientContext": Input(TEXT),
        "InputPayload": Input(ANYTHING),
        "Payload": Input(ANYTHING),
    },
    default_timeout=300,
    maximum_timeout=300,
)
