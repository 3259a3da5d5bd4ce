"""What a step and a document end with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class Status(StrEnum):
    NOT_STARTED = "NotStarted"
    IN_PROGRESS = "InProgress"
    SUCCESS = "Success"
    SUCCESS_AND_REBOOT = "SuccessAndReboot"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    CANCELLED = "Cancelled"
    SKIPPED = "Skipped"


# Exit codes with a meaning of their own (contracts/model.go, appconfig/constants.go).
EXIT_WITH_SUCCESS = 168
EXIT_WITH_FAILURE = 169
REBOOT = 194
STOPPED = 137

MAX_REPLY_BYTES = 24_000  # of standard output and of standard error, each
MAX_OUTPUT_BYTES = 2_500  # of both together
_TRUNCATED = b"--output truncated--"
_STDOUT_TRUNCATED = "\n---Output truncated---"
_STDERR_TRUNCATED = "\n---Error truncated----"
_ERROR_TITLE = "\n----------ERROR-------\n"


@dataclass
class StepResult:
    """One step's outcome. `started` and `ended` are ISO 8601 in UTC, `output` is both streams in 2,500 bytes.

    `output_name` is what its output is filed under: the step's name, or in schema 1.x the `id` of its properties.
    """

    name: str
    action: str
    status: Status = Status.NOT_STARTED
    code: int = 0
    stdout: str = ""
    stderr: str = ""
    output: str = ""
    error: str = ""
    started: str = ""
    ended: str = ""
    output_name: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> StepResult:
        return cls(**{**value, "status": Status(value["status"])})


def document_status(results: Iterable[StepResult]) -> Status:
    """A document's status from its steps'; skipped steps count as successful (docmanager/aggregator.go)."""
    return worst(result.status for result in results)


def worst(statuses: Iterable[Status]) -> Status:
    """The status that counts when several things together have one."""
    present = set(statuses)
    for status in (Status.SUCCESS_AND_REBOOT, Status.FAILED, Status.TIMED_OUT, Status.CANCELLED):
        if status in present:
            return status
    return Status.SUCCESS


def truncate(data: bytes | str, limit: int = MAX_REPLY_BYTES) -> str:
    """At most `limit` bytes, the last twenty saying so when something was cut."""
    raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    if len(raw) >= limit:
        raw = raw[: limit - len(_TRUNCATED)] + _TRUNCATED
    return raw.decode("utf-8", "replace")


def combine(stdout: str, stderr: str, capacity: int = MAX_OUTPUT_BYTES) -> str:
    """Standard output, then standard error under a title, each cut to its share of `capacity`."""
    title = _ERROR_TITLE if stderr else ""
    space = capacity - len(title)
    if len(stdout) + len(stderr) < space:
        return stdout + title + stderr
    if len(stdout) > space // 2 and len(stderr) > space // 2:
        half = (space - len(_STDERR_TRUNCATED) - len(_STDOUT_TRUNCATED)) // 2
        return stdout[:half] + _STDOUT_TRUNCATED + title + stderr[:half] + _STDERR_TRUNCATED
    if len(stdout) < space // 2:
        return stdout + title + stderr[: space - len(_STDERR_TRUNCATED) - len(stdout)] + _STDERR_TRUNCATED
    return stdout[: space - len(_STDOUT_TRUNCATED) - len(stderr)] + _STDOUT_TRUNCATED + title + stderr
