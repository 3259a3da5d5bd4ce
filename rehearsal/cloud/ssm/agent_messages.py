"""The message delivery service, `ec2messages`: what agents poll (reference, command documents §4)."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from rehearsal.cloud.wire import WireError, unknown_operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.cloud.authorizer import ApiCall
    from rehearsal.cloud.ssm.models import SsmBackend

MAX_VISIBILITY = 43_200.0
MAX_PAYLOAD = 2 * 1024 * 1024
"""A reply holds at most 48,000 bytes of each step's output."""


class MessageDelivery:
    """GetMessages, AcknowledgeMessage, SendReply, FailMessage, DeleteMessage, GetEndpoint."""

    def __init__(self, backend: Callable[[str], SsmBackend], long_poll: float, url: Callable[[], str]) -> None:
        self._backend = backend
        self._long_poll = long_poll
        self._url = url
        self._operations: dict[str, Callable[[SsmBackend, dict[str, Any]], dict[str, Any]]] = {
            "GetMessages": self._get_messages,
            "AcknowledgeMessage": self._acknowledge,
            "SendReply": self._send_reply,
            "FailMessage": self._fail,
            "DeleteMessage": self._delete,
            "GetEndpoint": self._get_endpoint,
        }

    def __call__(self, call: ApiCall, body: bytes) -> Response:
        """Answer one call; raises `WireError` for what the protocol does not have."""
        operation = self._operations.get(call.operation)
        if operation is None:
            raise unknown_operation("json", call.operation)
        if len(body) > MAX_PAYLOAD:
            raise WireError("ValidationException", f"The message exceeds {MAX_PAYLOAD} bytes.")
        answer = operation(self._backend(call.region), json.loads(body or b"{}"))
        return Response(json.dumps(answer), headers={"Content-Type": "application/x-amz-json-1.1"})

    def _get_messages(self, backend: SsmBackend, request: dict[str, Any]) -> dict[str, Any]:
        destination = _text(request, "Destination")
        seconds = request.get("VisibilityTimeoutInSeconds", 10)
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not math.isfinite(seconds):
            raise WireError("SerializationException", "VisibilityTimeoutInSeconds must be a number")
        backend.nodes.touch(destination)
        messages = backend.mailboxes.take(destination, min(max(0.0, seconds), MAX_VISIBILITY), self._long_poll)
        return {
            "Destination": destination,
            "MessagesRequestId": str(request.get("MessagesRequestId", "")),
            "Messages": [message.on_the_wire() for message in messages],
        }

    def _acknowledge(self, backend: SsmBackend, request: dict[str, Any]) -> dict[str, Any]:
        backend.commands.acknowledge(_text(request, "MessageId"))
        return {}

    def _send_reply(self, backend: SsmBackend, request: dict[str, Any]) -> dict[str, Any]:
        try:
            payload = json.loads(_text(request, "Payload"))
        except (ValueError, RecursionError) as error:
            raise WireError("ValidationException", "Payload must be JSON text") from error
        if not isinstance(payload, dict):
            raise WireError("ValidationException", "Payload must hold a JSON object")
        backend.commands.reply(_text(request, "MessageId"), str(request.get("ReplyId") or ""), payload)
        return {}

    def _fail(self, backend: SsmBackend, request: dict[str, Any]) -> dict[str, Any]:
        backend.commands.fail(_text(request, "MessageId"), str(request.get("FailureType") or "unspecified")[:256])
        return {}

    def _delete(self, backend: SsmBackend, request: dict[str, Any]) -> dict[str, Any]:
        backend.mailboxes.remove(_text(request, "MessageId"))
        return {}

    def _get_endpoint(self, backend: SsmBackend, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"Endpoint": self._url()}


def _text(request: dict[str, Any], key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str) or not value:
        raise WireError(
            "ValidationException", f"Value null at '{key}' failed to satisfy constraint: Member must not be null"
        )
    return value
