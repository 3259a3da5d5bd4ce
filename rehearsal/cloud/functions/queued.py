"""Asynchronous invocations: a queue, two retries, and where events go that were given up.

Source: AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation": a function
error is retried after one minute and once more after two; throttling and errors of the system for up to six hours.
Minutes are the rehearsal's ticks.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.awslambda.exceptions import UnknownFunctionException

from rehearsal.cloud.functions.errors import LambdaError

if TYPE_CHECKING:
    from rehearsal.cloud.functions.function import Function
    from rehearsal.cloud.functions.invocations import Invocation
    from rehearsal.cloud.functions.models import FunctionsBackend

RETRIES = 2
MINUTE = 60.0
LONGEST_AGE = 6 * 3600
MAX_QUEUED = 1_000

log = logging.getLogger(__name__)


@dataclass
class QueuedEvent:
    """An event that waits for its function. Times are in epoch seconds."""

    function_name: str
    qualifier: str | None
    payload: bytes
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempts: int = 0
    throttled: int = 0
    received: float = field(default_factory=time.time)
    due: float = field(default_factory=time.time)
    is_running: bool = False

    def __getstate__(self) -> dict[str, Any]:
        """An event that was being handled when the process ended is handled again: at least once, as in AWS."""
        return {**vars(self), "is_running": False}


def dispatch(backend: FunctionsBackend) -> None:
    """Hand the events that are due to threads."""
    for event in list(backend.queued):
        if backend.services.claim(event):
            backend.services.submit(_handle, backend, event)


def _handle(backend: FunctionsBackend, event: QueuedEvent) -> None:
    try:
        _try(backend, event)
    except Exception:
        with contextlib.suppress(ValueError):  # it may have been answered, and what came after have failed
            backend.queued.remove(event)  # or it would wait for ever
        raise


def _try(backend: FunctionsBackend, event: QueuedEvent) -> None:
    try:
        function = backend.function(event.function_name, event.qualifier)
    except UnknownFunctionException:
        backend.queued.remove(event)
        return
    config = _config(function)
    real = backend.services.real_seconds
    limit = real(min(LONGEST_AGE, int(config.get("MaximumEventAgeInSeconds") or LONGEST_AGE)))
    try:
        done = backend.invoker.invoke(function, event.payload, event.request_id)
    except LambdaError as error:
        event.throttled += 1
        wait = real(min(300.0, 2.0**event.throttled))
        if time.time() + wait - event.received > limit:
            _give_up(backend, function, event, condition="EventAgeExceeded", done=None, text=str(error.message))
        else:
            _again(event, wait)
        return
    event.attempts += 1
    if not done.error:
        backend.queued.remove(event)
        _tell(backend, function, event, outcome="OnSuccess", condition="Success", done=done)
    elif event.attempts > int(config.get("MaximumRetryAttempts", RETRIES)):
        text = done.payload.decode(errors="replace")
        _give_up(backend, function, event, condition="RetriesExhausted", done=done, text=text)
    else:
        _again(event, real(MINUTE * event.attempts))
    backend.services.changed()


def _config(function: Function) -> dict[str, Any]:
    """What PutFunctionEventInvokeConfig set."""
    return dict(function.event_invoke_config[-1].config) if function.event_invoke_config else {}


def _again(event: QueuedEvent, wait: float) -> None:
    event.due = time.time() + wait
    event.is_running = False


def _give_up(
    backend: FunctionsBackend,
    function: Function,
    event: QueuedEvent,
    *,
    condition: str,
    done: Invocation | None,
    text: str,
) -> None:
    backend.queued.remove(event)
    _tell(backend, function, event, outcome="OnFailure", condition=condition, done=done)
    if not function.dead_letters:
        return
    attributes = {
        "RequestID": ("String", event.request_id),
        "ErrorCode": ("Number", "200" if done else "429"),
        "ErrorMessage": ("String", text[:1024] or "-"),
    }
    shaped = {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in attributes.items()}
    _send(backend, function, function.dead_letters, event.payload.decode(errors="replace"), shaped)


def _tell(
    backend: FunctionsBackend,
    function: Function,
    event: QueuedEvent,
    *,
    outcome: str,
    condition: str,
    done: Invocation | None,
) -> None:
    """Send the invocation record to the destination for this outcome, if there is one."""
    config = _config(function)
    target = ((config.get("DestinationConfig") or {}).get(outcome) or {}).get("Destination")
    if not target:
        return
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{function.function_arn}:{function.version}",
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": json.loads(event.payload),
    }
    if done is not None:
        context = {"statusCode": 200, "executedVersion": done.version}
        record["responseContext"] = context | ({"functionError": done.error} if done.error else {})
        record["responsePayload"] = json.loads(done.payload)
    _send(backend, function, target, json.dumps(record), {})


def _send(
    backend: FunctionsBackend, function: Function, target: str, body: str, attributes: dict[str, dict[str, str]]
) -> None:
    """Send to a queue or topic as the function's role. What fails is for the log, as AWS has it for a metric."""
    service, region = target.split(":")[2], target.split(":")[3]
    try:
        client = backend.services.roles.client(service, region, backend.invoker.credentials(function))
        if service == "sqs":
            url = backend.services.queue_url(target)
            client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
        elif service == "sns":
            client.publish(TopicArn=target, Message=body, MessageAttributes=attributes)
        else:
            log.warning("%s is no queue and no topic: the event of %s is lost", target, function.function_name)
    except (ClientError, BotoCoreError, LambdaError) as error:
        log.warning("%s cannot take the event of %s: %s", target, function.function_name, error)
