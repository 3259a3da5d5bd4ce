"""A command and its invocations: what Run Command knows of each host's run.

Statuses and their details: User Guide, "Understanding command statuses"; the reference of this project, automation
§6.1.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

OUTPUT_LIMIT = 24_000
ERROR_LIMIT = 8_000
PLUGIN_OUTPUT_LIMIT = 2_500
NOT_STARTED = -1


class Status(StrEnum):
    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCESS = "Success"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"


TERMINAL = frozenset({Status.SUCCESS, Status.CANCELLED, Status.FAILED, Status.TIMED_OUT})


class Details(StrEnum):
    """StatusDetails where it says more than the status."""

    DELIVERY_TIMED_OUT = "DeliveryTimedOut"
    EXECUTION_TIMED_OUT = "ExecutionTimedOut"
    UNDELIVERABLE = "Undeliverable"
    TERMINATED = "Terminated"
    INVALID_PLATFORM = "InvalidPlatform"
    INCOMPLETE = "Incomplete"
    NO_INSTANCES = "NoInstancesInTag"


NOT_COUNTED_AS_ERRORS = frozenset(
    {Details.DELIVERY_TIMED_OUT, Details.UNDELIVERABLE, Details.INVALID_PLATFORM, Details.TERMINATED}
)


@dataclass
class PluginResult:
    """One step on one host, from the agent's replies. Times are the agent's own ISO 8601 texts."""

    name: str
    action: str
    status: str = "Pending"
    details: str = "Pending"
    code: int = NOT_STARTED
    started: str = ""
    ended: str = ""
    stdout: str = ""
    stderr: str = ""
    output: str = ""
    stdout_url: str = ""
    stderr_url: str = ""

    @property
    def is_finished(self) -> bool:
        return self.status not in {"Pending", "InProgress"}


@dataclass
class Invocation:
    """A command on one host."""

    instance_id: str
    instance_name: str
    plugins: dict[str, PluginResult]
    requested: datetime
    status: Status = Status.PENDING
    details: str = Status.PENDING
    trace: str = ""
    sent: bool = False
    acknowledged: datetime | None = None
    message_id: str = ""
    seen_replies: set[str] = field(default_factory=set)

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def counts_as_error(self) -> bool:
        """Only Failed and ExecutionTimedOut count against MaxErrors."""
        return self.status in {Status.FAILED, Status.TIMED_OUT} and self.details not in NOT_COUNTED_AS_ERRORS

    def end(self, status: Status, details: str = "") -> None:
        """Enter a terminal status; what never ran stays with code -1."""
        self.status, self.details = status, details or status
        for plugin in self.plugins.values():
            if not plugin.is_finished:
                plugin.status = "Cancelled" if status is Status.CANCELLED else str(status)
                plugin.details = str(self.details)


@dataclass
class Command:
    """One SendCommand. `request` is its input in botocore's names, `typed` its parameters as agents take them."""

    request: dict[str, Any]
    document_name: str
    document_version: str
    content: dict[str, Any]
    typed: dict[str, Any]
    delivery_seconds: int
    execution_seconds: int
    max_concurrency: int
    max_errors: int
    invocations: dict[str, Invocation] = field(default_factory=dict)
    command_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    requested: datetime = field(default_factory=lambda: datetime.now(UTC))
    cancelling: bool = False
    told: dict[str, str] = field(default_factory=dict)
    """What notifications were sent last: instance ID (or nothing, for the command) → status."""

    @property
    def expires(self) -> datetime:
        """Until then a host may take the command up."""
        return self.requested + timedelta(seconds=self.delivery_seconds)

    @property
    def errors(self) -> int:
        return sum(invocation.counts_as_error for invocation in self.invocations.values())

    @property
    def completed(self) -> int:
        return sum(invocation.is_terminal for invocation in self.invocations.values())

    @property
    def delivery_timeouts(self) -> int:
        return sum(i.details == Details.DELIVERY_TIMED_OUT for i in self.invocations.values())

    @property
    def is_terminal(self) -> bool:
        return self.completed == len(self.invocations)

    @property
    def state(self) -> tuple[Status, str]:
        """Status and StatusDetails of the whole command."""
        if not self.invocations:
            return Status.SUCCESS, Details.NO_INSTANCES
        if not self.is_terminal:
            if self.cancelling:
                return Status.CANCELLING, Status.CANCELLING
            started = any(i.status is not Status.PENDING for i in self.invocations.values())
            status = Status.IN_PROGRESS if started else Status.PENDING
            return status, status
        return self._ended()

    def _ended(self) -> tuple[Status, str]:
        invocations = self.invocations.values()
        if all(i.status is Status.SUCCESS for i in invocations):
            return Status.SUCCESS, Status.SUCCESS
        if self.cancelling and any(i.status is Status.CANCELLED for i in invocations):
            return Status.CANCELLED, Status.CANCELLED
        if self.errors > self.max_errors:
            timed_out = [i for i in invocations if i.details == Details.EXECUTION_TIMED_OUT]
            if len(timed_out) == self.errors:
                return Status.TIMED_OUT, Details.EXECUTION_TIMED_OUT
            return Status.FAILED, Status.FAILED
        if all(i.details == Details.DELIVERY_TIMED_OUT for i in invocations):
            return Status.TIMED_OUT, Details.DELIVERY_TIMED_OUT
        if all(i.details == Details.UNDELIVERABLE for i in invocations):
            return Status.FAILED, Details.UNDELIVERABLE
        return Status.FAILED, Details.INCOMPLETE


def steps_of(content: dict[str, Any]) -> dict[str, str]:
    """Step name → action of a Command document; in schema 1.2 a plugin's name is both."""
    if "runtimeConfig" in content:
        return {name: name for name in content["runtimeConfig"]}
    return {str(step["name"]): str(step["action"]) for step in content.get("mainSteps") or []}


def share(setting: str | None, default: int, targets: int, *, at_least: int) -> int:
    """MaxConcurrency or MaxErrors as a number: `10` or `10%` of the targets, rounded down."""
    if not setting:
        return default
    if setting.endswith("%"):
        return max(at_least, targets * int(setting[:-1]) // 100)
    return int(setting)
