"""One execution environment: a process that has loaded a function and serves its invocations one after another."""

from __future__ import annotations

import base64
import json
import logging
import queue
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.functions.runner import Ending, FunctionResult, RunnerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rehearsal.cloud.functions.runner import Channel, FunctionCall

    ChannelOpener = Callable[[Sequence[str]], Channel]

ANSWER_SLACK = 30.0
"""The supervisor keeps the function's time limit; this much later it has itself to blame."""
SPARE = timedelta(seconds=60)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Ended:
    """Put into the queue when the process has ended."""


class ExecutionEnvironment:
    """Started for its first invocation; used by one thread at a time."""

    def __init__(self, call: FunctionCall, open_channel: ChannelOpener, python: str, own: Mapping[str, str]) -> None:
        self.identity = call.identity
        self.function = f"{call.arn}:{call.version}"
        self.log_stream = call.log_stream
        self.used = time.monotonic()
        self.is_broken = False
        self._expires = call.expires
        self._messages: queue.Queue[dict[str, Any] | _Ended] = queue.Queue()
        self._channel = open_channel([python, "-u", "-c", _source("supervisor.py")])
        threading.Thread(target=self._read, name=f"function {call.name}", daemon=True).start()
        environment = {**call.environment, **own}
        environment |= {"AWS_LAMBDA_LOG_GROUP_NAME": call.log_group, "AWS_LAMBDA_LOG_STREAM_NAME": call.log_stream}
        self._send(
            {
                "code": base64.b64encode(call.code).decode(),
                "worker": _source("worker.py"),
                "handler": call.handler,
                "environment": environment,
            }
        )

    def fits(self, call: FunctionCall) -> bool:
        """Whether this call may be served here: same function, and credentials that outlast it."""
        lasting = self._expires - datetime.now(UTC) > timedelta(seconds=call.timeout_seconds) + SPARE
        return self.identity == call.identity and lasting and not self.is_broken

    def run(self, call: FunctionCall) -> FunctionResult:
        """Serve one invocation. Raises RunnerError."""
        self._send(
            {
                "event": call.event.decode(),
                "timeout_seconds": call.timeout_seconds,
                "context": {
                    "request_id": call.request_id,
                    "name": call.name,
                    "version": call.version,
                    "arn": call.arn,
                    "memory_mib": call.memory_mib,
                },
            }
        )
        lines: list[str] = []
        done = self._await(call, lines)
        self.used = time.monotonic()
        ending = Ending(done["ending"])
        return FunctionResult(
            payload=_payload(done, ending, call),
            ending=ending,
            log="".join(f"{line}\n" for line in lines),
            log_stream=self.log_stream,
            duration_ms=float(done["duration_ms"]),
            max_memory_mib=int(done["max_memory_mib"]),
            init_ms=done["init_ms"],
        )

    def close(self) -> None:
        """End the process. Where what it ran in is gone, so is the process."""
        self.is_broken = True
        try:
            self._channel.stop()
        except OSError as error:
            log.warning("the process of function %s cannot be ended: %s", self.function, error)

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._channel.send(json.dumps(message) + "\n")
        except OSError as error:
            self.is_broken = True
            raise RunnerError(f"the process of the function has ended: {error}") from error

    def _await(self, call: FunctionCall, lines: list[str]) -> dict[str, Any]:
        deadline = time.monotonic() + call.timeout_seconds + ANSWER_SLACK
        while True:
            try:
                message = self._messages.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                message = _Ended()
            if isinstance(message, _Ended):
                self.close()
                raise RunnerError("the process of the function ended without an answer")
            if "log" in message:
                lines.append(message["log"])
            else:
                done: dict[str, Any] = message["done"]
                return done

    def _read(self) -> None:
        try:
            for line in self._channel.lines():
                self._messages.put(json.loads(line))
        finally:
            self.is_broken = True  # it is not taken for a further invocation
            self._messages.put(_Ended())


def _payload(done: Mapping[str, Any], ending: Ending, call: FunctionCall) -> bytes:
    """The answer, or the error of an invocation whose process could not answer (Developer Guide, "Lambda errors")."""
    if ending in {Ending.SUCCESS, Ending.ERROR}:
        return str(done["payload"]).encode()
    if ending is Ending.TIMEOUT:
        kind, text = "Sandbox.Timedout", f"Task timed out after {call.timeout_seconds:.2f} seconds"
    else:
        kind, text = "Runtime.ExitError", _exit_text(done.get("code"))
    return json.dumps({"errorType": kind, "errorMessage": f"RequestId: {call.request_id} Error: {text}"}).encode()


def _exit_text(code: int | None) -> str:
    if not code:
        return "Runtime exited without providing a reason"
    return f"Runtime exited with error: {'signal: killed' if code < 0 else f'exit status {code}'}"


@lru_cache
def _source(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
