"""`aws:invokeWebhook`: send an HTTPS request that a webhook integration describes (reference §3.15)."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from rehearsal.automation.action import ANYTHING, TEXT, Action, Input, StepContext, StepResult
from rehearsal.automation.actions._aws import request
from rehearsal.automation.errors import StepFailedError
from rehearsal.automation.statuses import FailureStage, Impact

_STAGE = "invoking the webhook"
_PREFIX = "/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/"
_SECONDS = 30
_MOST_BYTES = 200 * 1024


def run(context: StepContext) -> StepResult:
    """Read the integration from Parameter Store and call its URL. An answer of 400 and above fails the step."""
    name = str(context.inputs["IntegrationName"])
    integration = _integration(context, name)
    body = context.inputs.get("Body") or integration.get("payload") or ""
    text = body if isinstance(body, str) else json.dumps(body)
    try:
        code, answer = context.call(lambda: _send(integration, text), _STAGE, _SECONDS)
    except (urllib.error.URLError, OSError) as error:
        raise StepFailedError(f"The webhook of integration {name} cannot be reached: {error}", stage=_STAGE) from error
    outputs = {"Response": answer, "ResponseCode": code}
    if code >= 400:  # noqa: PLR2004 - HTTP's first error status
        raise StepFailedError(f"The webhook of integration {name} answered {code}", stage=_STAGE, outputs=dict(outputs))
    return StepResult(outputs=outputs, payload=outputs)


def _integration(context: StepContext, name: str) -> dict[str, Any]:
    found = request(context, "ssm", "get_parameter", Name=f"{_PREFIX}{name}", WithDecryption=True)["Parameter"]
    try:
        integration = json.loads(found["Value"])
        url = urlsplit(str(integration["url"]))
    except (ValueError, KeyError, TypeError) as error:
        raise _bad(name, "is not JSON with a url") from error
    if url.scheme != "https":
        raise _bad(name, "has a url that is not https")
    return dict(integration)


def _bad(name: str, why: str) -> StepFailedError:
    # The text of an integration is a secret: it is not shown.
    return StepFailedError(f"Integration {name} {why}", stage=_STAGE, failure_stage=FailureStage.PRE_VERIFICATION)


def _send(integration: dict[str, Any], text: str) -> tuple[int, str]:
    headers = {"Content-Type": "application/json", **(integration.get("headers") or {})}
    call = urllib.request.Request(str(integration["url"]), text.encode(), headers, method="POST")  # noqa: S310 - https was checked
    try:
        with urllib.request.urlopen(call, timeout=_SECONDS) as answer:  # noqa: S310 - the same
            return int(answer.status), answer.read(_MOST_BYTES).decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read(_MOST_BYTES).decode(errors="replace")


ACTION = Action(
    name="aws:invokeWebhook",
    run=run,
    impact=Impact.UNDETERMINED,
    inputs={"IntegrationName": Input(TEXT, required=True), "Body": Input(ANYTHING)},
)
