"""The Lambda backend: moto's functions, that run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaBackend

from rehearsal.cloud.functions import queued
from rehearsal.cloud.functions.errors import LambdaError
from rehearsal.cloud.functions.function import Function, make_function
from rehearsal.cloud.functions.invocations import LARGEST_ASYNC_EVENT, LARGEST_EVENT, Invocation, Invoker
from rehearsal.cloud.services import Extended, Services

if TYPE_CHECKING:
    from collections.abc import Mapping


class FunctionsBackend(Extended, LambdaBackend):
    """The functions of one account and Region. Aliases, versions, layers and policies are moto's."""

    def __init__(self, region_name: str, account_id: str, *, services: Services) -> None:
        super().__init__(region_name, account_id)
        storages: tuple[Any, ...] = (self._lambdas, self._layers)
        for storage in storages:
            storage._arns = {}  # noqa: SLF001 - moto keeps weak references there, which no restart could take up
        self.services = services
        self.queued: list[queued.QueuedEvent] = []
        self.invoker = Invoker(services, region_name)

    def __getstate__(self) -> dict[str, Any]:
        """What a restart takes up again: all but what runs."""
        return {name: value for name, value in vars(self).items() if name != "invoker"}

    def sweep(self) -> None:
        """Handle the asynchronous events that are due."""
        queued.dispatch(self)

    def create_function(self, spec: dict[str, Any]) -> Any:
        """CreateFunction. Raises LambdaError."""
        made = make_function(self.account_id, spec, self.region_name)
        self._lambdas.put_function(made)
        return self.publish_version(made.function_name) if spec.get("Publish") else made

    def update_function_code(self, function_name: str, qualifier: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """UpdateFunctionCode. Raises LambdaError."""
        function = self.function(function_name, qualifier)
        shape = function.update_function_code(body)
        if body.get("Publish"):
            published: Any = self.publish_version(function_name)
            shape = published.get_configuration()
        return shape

    def put_function_event_invoke_config(self, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
        """Set how events that fail are tried again, in place of what was set before; moto keeps and shows the first."""
        answer: dict[str, Any] = super().put_function_event_invoke_config(function_name, config)
        function = self.get_function(function_name)
        function.event_invoke_config = function.event_invoke_config[-1:]
        return answer

    def function(self, name_or_arn: str, qualifier: str | None = None) -> Function:
        """Return a function by its name or ARN. Raises moto's UnknownFunctionException."""
        found: Function = self.get_function(name_or_arn, qualifier)  # type: ignore[assignment] # only ours are made
        return found

    def run(self, name_or_arn: str, qualifier: str | None, payload: bytes) -> Invocation:
        """Invoke, and wait for the answer. Raises LambdaError."""
        return self.invoker.invoke(self.function(name_or_arn, qualifier), check_payload(payload, LARGEST_EVENT))

    def enqueue(self, name_or_arn: str, qualifier: str | None, payload: bytes) -> str:
        """Invoke asynchronously; returns the request's ID. Raises LambdaError."""
        function = self.function(name_or_arn, qualifier)
        checked = check_payload(payload, LARGEST_ASYNC_EVENT)
        if len(self.queued) >= queued.MAX_QUEUED:
            raise LambdaError("TooManyRequestsException", f"{queued.MAX_QUEUED} events wait already.", 429)
        event = queued.QueuedEvent(str(function.function_name), qualifier or _qualifier(name_or_arn), checked)
        self.queued.append(event)
        self.sweep()
        return event.request_id

    def invoke(
        self, function_name: str, qualifier: str | None, body: Any, headers: Mapping[str, str], response_headers: Any
    ) -> bytes:
        """Invoke in moto's signature, for moto's event sources."""
        payload = body.encode() if isinstance(body, str) else body or b"{}"
        if headers.get("X-Amz-Invocation-Type") == "Event":
            self.enqueue(function_name, qualifier, payload)
            return b""
        done = self.run(function_name, qualifier, payload)
        if done.error:
            response_headers["x-amz-function-error"] = done.error
        return done.payload


def check_payload(payload: bytes, limit: int) -> bytes:
    """Check an event's size and form. Raises LambdaError."""
    if len(payload) > limit:
        raise LambdaError(
            "RequestTooLargeException",
            f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
            413,
        )
    if not payload:
        return b"{}"
    try:
        json.loads(payload)
    except (ValueError, RecursionError) as error:
        text = f"Could not parse request body into json: {error}"
        raise LambdaError("InvalidRequestContentException", text, 400) from error
    return payload


def _qualifier(name_or_arn: str) -> str | None:
    end = name_or_arn.rpartition(":function:")[2]
    return end.partition(":")[2] or None
