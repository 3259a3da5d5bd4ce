"""The Lambda API on the wire: Invoke is ours, the rest moto's."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse

if TYPE_CHECKING:
    from rehearsal.cloud.functions.models import FunctionsBackend


class FunctionResponse(LambdaResponse):
    """moto finds an operation's method by name."""

    @property
    def functions(self) -> FunctionsBackend:
        """The backend of the caller's account and Region."""
        found: FunctionsBackend = self.backend  # type: ignore[assignment] # it has been extended
        return found

    def invoke(self) -> tuple[int, dict[str, str], str | bytes]:
        """Invoke: RequestResponse, Event and DryRun, with the tail of the log where it is asked for."""
        backend = self.functions
        name = unquote(self.path.rsplit("/", 2)[-2])
        qualifier = self.querystring.get("Qualifier", [None])[0]
        kind = self.headers.get("X-Amz-Invocation-Type") or "RequestResponse"
        if kind == "DryRun":
            backend.function(name, qualifier)
            return 204, {"status": "204"}, ""
        payload = self.raw_body if isinstance(self.raw_body, bytes) else str(self.body or "").encode()
        if kind == "Event":
            backend.enqueue(name, qualifier, payload)
            return 202, {"status": "202"}, ""
        done = backend.run(name, qualifier, payload)
        headers = {
            "content-type": "application/json",
            "x-amz-executed-version": done.version,
        }
        if done.error:
            headers["x-amz-function-error"] = done.error
        if self.headers.get("X-Amz-Log-Type") == "Tail":
            headers["x-amz-log-result"] = base64.b64encode(done.log_tail).decode()
        return 200, headers, done.payload

    def invoke_async(self) -> tuple[int, dict[str, Any], str]:
        """InvokeAsync, the old form of an Event invocation."""
        name = unquote(self.path.rstrip("/").rsplit("/", 2)[-2])
        self.functions.enqueue(name, None, str(self.body or "").encode())
        return 202, {"status": 202}, json.dumps({"Status": 202})
