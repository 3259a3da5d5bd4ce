"""Writes what happens to one execution: into the store, and as events (reference §6.2)."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from typing import TYPE_CHECKING, Any

from rehearsal.automation.records import ExecutionRecord, StepRecord, now
from rehearsal.automation.statuses import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.settings import EngineSettings
    from rehearsal.automation.store import ExecutionStore

_LOG = logging.getLogger(__name__)
_EVENT_STATUS = {"Success": "Success", "Failed": "Failed", "TimedOut": "TimedOut", "Cancelled": "Canceled"}


class Journal:
    """The one writer of an execution's record."""

    def __init__(self, execution: ExecutionRecord, store: ExecutionStore, settings: EngineSettings) -> None:
        self.execution = execution
        self._store = store
        self._settings = settings
        self._lock = threading.Lock()
        self._position = 0

    def next_position(self) -> int:
        """Return the next place in the list of steps."""
        with self._lock:
            self._position += 1
            return self._position

    def step(self, record: StepRecord) -> None:
        """Write a step as it now is."""
        self._store.save_step(self.execution.execution_id, record)

    def current(self, step: str | None, action: str | None) -> None:
        """Note the step that runs."""
        self.execution.current_step, self.execution.current_action = step, action
        self.save()

    def save(self) -> None:
        """Write the execution as it now is."""
        with self._lock:
            self._store.save(self.execution)

    def execution_status(self, status: ExecutionStatus) -> None:
        """Change the status, unless that would hide a cancellation in progress."""
        if self.execution.status is ExecutionStatus.CANCELLING and not status.final:
            return
        self.execution.status = status
        self.save()

    def finish(self, status: ExecutionStatus) -> None:
        """Write the end."""
        self.execution.current_step = self.execution.current_action = None
        self.execution.end = now()
        self.execution.status = status  # last: who sees the end may look at everything else
        self.save()
        self._store.flush()
        self._emit(
            "EC2 Automation Execution Status-change Notification",
            status.value,
            {"ExecutedBy": self.execution.executed_by},
        )

    def step_event(self, record: StepRecord) -> None:
        """Tell of a step that ended."""
        if self._settings.listener is None:
            return
        times = {"StartTime": _event_time(record.start), "EndTime": _event_time(record.end)}
        names = {"StepName": record.name, "Action": record.action}
        self._emit("EC2 Automation Step Status-change Notification", record.status.value, times | names)

    def _emit(self, kind: str, status: str, detail: Mapping[str, Any]) -> None:
        shown, listener = _EVENT_STATUS.get(status), self._settings.listener
        if shown is None or listener is None:
            return
        try:
            listener(self._event(kind, shown, detail))
        except Exception:  # noqa: BLE001 - delivery is best effort: a listener must not end an execution
            _LOG.exception("An event of execution %s was not delivered", self.execution.execution_id)

    def _event(self, kind: str, status: str, detail: Mapping[str, Any]) -> dict[str, Any]:
        execution, settings = self.execution, self._settings
        arn = f"arn:{settings.partition}:ssm:{settings.region}:{settings.account_id}"
        return {
            "source": "aws.ssm",
            "detail-type": kind,
            "account": settings.account_id,
            "region": settings.region,
            "time": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "resources": [
                f"{arn}:automation-execution/{execution.execution_id}",
                f"{arn}:automation-definition/{execution.document_name}:{execution.document_version}",
            ],
            "detail": {
                "ExecutionId": execution.execution_id,
                "Definition": execution.document_name,
                "DefinitionVersion": float(execution.document_version),
                "Status": status,
                "StartTime": _event_time(execution.start),
                "EndTime": _event_time(execution.end),
                "Time": round(((execution.end or now()) - execution.start) * 1000, 1),
                **detail,
            },
        }


def _event_time(moment: float | None) -> str:
    """`Nov 29, 2024 7:43:25 PM`, in UTC."""
    if moment is None:
        return ""
    time = dt.datetime.fromtimestamp(moment, dt.UTC)
    return f"{time:%b} {time.day}, {time.year} {time.hour % 12 or 12}:{time:%M:%S %p}"
