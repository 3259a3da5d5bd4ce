"""What runs functions, as the cloud sees it: one invocation goes in, its result and its output come back.

The cloud has a runner of its own (`process_runner`), with which functions are processes of this machine. A composition
may hand it another one, so that functions run where the application's clients are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime


class Ending(StrEnum):
    """How an invocation ended. All but SUCCESS are errors of the function."""

    SUCCESS = "success"
    ERROR = "error"
    """The runtime caught an exception and described it in the payload."""
    TIMEOUT = "timeout"
    """The function was killed, with everything that it had started, when its time was up."""
    EXIT = "exit"
    """The function's process ended by itself before it answered."""


@dataclass(frozen=True)
class FunctionCall:
    """One invocation.

    `identity` is the same for calls that may share a process: same function, version, code and configuration.
    `code` is the deployment package (a zip), `event` JSON. `environment` holds the function's variables and the
    credentials of its role, which are good until `expires`. Times are in seconds, memory in MiB.
    """

    identity: str
    arn: str
    name: str
    version: str
    runtime: str
    handler: str
    code: bytes = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    expires: datetime
    event: bytes = field(repr=False)
    request_id: str
    timeout_seconds: float
    memory_mib: int
    log_group: str
    log_stream: str
    """The stream's name if this call gets a process of its own; a process that is used again keeps its first one."""


@dataclass(frozen=True)
class FunctionResult:
    """What came of an invocation. Times are in milliseconds, memory in MiB.

    `payload` is the answer as JSON, or the error as the runtime describes it. `log` is what the function wrote.
    """

    payload: bytes
    ending: Ending
    log: str
    log_stream: str
    duration_ms: float
    max_memory_mib: int
    init_ms: float | None = None
    """How long loading the function took; None where its process was used again."""


class FunctionRunner(Protocol):
    """Runs functions. Safe from any thread."""

    def run(self, call: FunctionCall) -> FunctionResult:
        """Run one invocation to its end. Raises RunnerError where the function could not be run at all."""

    def sweep(self) -> None:
        """Let go of processes that nobody has used for a while: called regularly."""

    def close(self) -> None:
        """End every process. Safe to call twice."""


class Channel(Protocol):
    """A process that is talked to line by line."""

    def send(self, text: str) -> None:
        """Write to its standard input. Raises OSError when it has ended."""

    def lines(self) -> Iterator[str]:
        """Yield each line of its standard output as it is written; ends when the process ends."""

    def stop(self) -> None:
        """End it. Ending what has ended is no error."""


class RunnerError(Exception):
    """A function could not be run. The text says why, and what to do."""
