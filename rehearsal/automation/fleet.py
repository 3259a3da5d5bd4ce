"""An execution with targets: one child execution for each (reference §5)."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from rehearsal.automation.errors import ApiError, StepCancelledError
from rehearsal.automation.ratecontrol import Child, Ramp, RateControl, concurrency_of, errors_of
from rehearsal.automation.records import StepRecord, new_id, now
from rehearsal.automation.statuses import ExecutionStatus, StepStatus
from rehearsal.automation.targets import resolve_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rehearsal.automation.access import Session, StoredDocument
    from rehearsal.automation.control import Control
    from rehearsal.automation.journal import Journal

_LOG = logging.getLogger(__name__)
_LONGEST_WAIT = 3600.0
_COUNTERS = {
    StepStatus.SUCCESS: "SuccessSteps",
    StepStatus.FAILED: "FailedSteps",
    StepStatus.CANCELLED: "CancelledSteps",
    StepStatus.TIMED_OUT: "TimedOutSteps",
}


@dataclass(frozen=True)
class Item:
    """One target: the name of its step, what the step shows as inputs, and what the launcher needs."""

    name: str
    inputs: Mapping[str, str]
    request: Mapping[str, Any]
    location: Mapping[str, Any] | None = None


class Launcher(Protocol):
    """Starts the child of an item. Raises `ApiError` when it cannot start."""

    def __call__(self, item: Item) -> tuple[str, Child]: ...


def target_items(session: Session, document: StoredDocument, request: Mapping[str, Any]) -> list[Item]:
    """Return one item for each target, or for each map of `TargetMaps`. Raises `ApiError` when there is none."""
    maps = [
        {str(key): [str(text) for text in texts] for key, texts in entry.items()}
        for entry in request.get("TargetMaps") or []
    ]
    if not maps:
        name = str(request["TargetParameterName"])
        maps = [{name: [value]} for value in resolve_targets(session, request["Targets"], document.target_type)]
    if not maps:
        raise ApiError("InvalidTarget", "The targets resolve to no resource.")
    items: dict[str, Item] = {}
    for given in maps:
        shown = {key: ", ".join(texts) for key, texts in given.items()}
        name = ", ".join(shown.values())
        items[name] = Item(name, shown, {"Parameters": given})
    return list(items.values())


@dataclass
class _Failed:
    """A child that never started."""

    def poll(self) -> ExecutionStatus | None:
        return ExecutionStatus.FAILED

    def stop(self) -> None:
        return


@dataclass
class FleetRunner:
    """The parent execution at work. `run` is called once, in a thread of its own."""

    journal: Journal
    control: Control
    items: list[Item]
    launch: Launcher
    poll_seconds: float | None = None  # for children that do not tell when they end
    _records: dict[str, StepRecord] = field(default_factory=dict)
    _message: str | None = None

    @property
    def _default_concurrency(self) -> str:
        """The API's defaults: ten targets at once, but one location."""
        return "1" if self.items and self.items[0].location else "10"

    def list_steps(self) -> None:
        """Write a pending step for each target."""
        for item in self.items:
            record = StepRecord(self.journal.next_position(), item.name, "aws:executeAutomation")
            record.target_location = dict(item.location) if item.location else None
            self._records[item.name] = record
            self.journal.step(record)
        self.journal.execution.progress = dict.fromkeys(_COUNTERS.values(), 0) | {"TotalSteps": len(self.items)}
        self.journal.save()

    def run(self) -> None:
        """Run to the end."""
        execution = self.journal.execution
        total = len(self.items)
        rate = RateControl(
            ramp=Ramp(concurrency_of(execution.max_concurrency or self._default_concurrency, total)),
            max_errors=errors_of(execution.max_errors or "0", total),
            control=self.control,
            launch=self._launch,
            ended=self._ended,
            wait=self._wait,
        )
        try:
            self.journal.execution_status(ExecutionStatus.IN_PROGRESS)
            rate.run(self.items)
            status = ExecutionStatus.FAILED if rate.errors else ExecutionStatus.SUCCESS
        except StepCancelledError:
            status = self._cancel(rate)
        except Exception:  # noqa: BLE001 - the record has to end, whatever happens
            _LOG.exception("Execution %s ended by an error of the engine", execution.execution_id)
            status, self._message = ExecutionStatus.FAILED, "Internal Server Error. Please refer to the endpoint's log."
        if status is ExecutionStatus.FAILED:
            execution.failure_message = self._message or "One or more target executions did not succeed."
        self.journal.finish(status)

    def _cancel(self, rate: RateControl[Item]) -> ExecutionStatus:
        self.journal.execution_status(ExecutionStatus.CANCELLING)
        self.control.begin_cancelling(_LONGEST_WAIT)
        try:
            rate.finish_running()
        except StepCancelledError:
            _LOG.warning("Children of %s did not end in time", self.journal.execution.execution_id)
        return ExecutionStatus.CANCELLED

    def _launch(self, item: Item) -> Child:
        record = self._records[item.name]
        record.step_execution_id, record.start, record.status = new_id(), now(), StepStatus.IN_PROGRESS
        record.inputs = dict(item.inputs)
        try:
            execution_id, child = self.launch(item)
        except ApiError as error:
            record.failure_message = self._message = f"Step fails when it is starting the execution. {error}"
            child = _Failed()
        else:
            # The service shows no outputs for targets, and the child's id for locations.
            record.outputs = {"AutomationExecutionId": [execution_id]} if item.location else {}
        self.journal.step(record)
        return child

    def _ended(self, item: Item, status: ExecutionStatus) -> None:
        record = self._records[item.name]
        if status is not ExecutionStatus.SUCCESS and record.failure_message is None:
            record.failure_message = f"The execution for {item.name} ended with status {status.value}"
            self._message = self._message or record.failure_message
        record.end = now()
        record.status = status
        self.journal.step(record)
        self.journal.step_event(record)
        progress = self.journal.execution.progress or {}
        counter = _COUNTERS.get(status, "FailedSteps")
        self.journal.execution.progress = progress | {counter: progress.get(counter, 0) + 1}
        self.journal.save()

    def _wait(self, until: Callable[[], bool]) -> None:
        self.control.wait(time.monotonic() + (self.poll_seconds or _LONGEST_WAIT), until)
