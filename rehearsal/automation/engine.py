"""The engine: starts executions, steers them, and answers what the Automation API asks."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.automation.actions import all_actions
from rehearsal.automation.control import Control, Signal
from rehearsal.automation.errors import ApiError
from rehearsal.automation.journal import Journal
from rehearsal.automation.preparation import Prepared, prepare
from rehearsal.automation.records import ExecutionRecord, new_id, now
from rehearsal.automation.runner import Runner
from rehearsal.automation.scripts.pool import ScriptPool
from rehearsal.automation.slots import QueueFullError, Slots
from rehearsal.automation.statuses import ExecutionStatus, Mode, StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.access import AwsAccess, Caller, Documents, Session
    from rehearsal.automation.settings import EngineSettings
    from rehearsal.automation.store import ExecutionStore

INTERRUPTED = "The execution was interrupted: the endpoint that ran it was stopped before the execution ended."


@dataclass
class Live:
    """An execution that is queued or runs."""

    control: Control
    journal: Journal
    done: threading.Event = field(default_factory=threading.Event)
    watchers: list[Control] = field(default_factory=list)


@dataclass(frozen=True)
class Parent:
    """What a child execution is started for."""

    execution_id: str
    depth: int


class AutomationEngine:
    """Executes runbooks of one account in one Region. Every method is safe to call from any thread.

    Opening an engine on a store marks executions that an earlier process left unfinished as Failed. Methods raise
    `ApiError` with the modelled exception's name.
    """

    def __init__(self, aws: AwsAccess, store: ExecutionStore, settings: EngineSettings, documents: Documents) -> None:
        limits = settings.limits
        self._aws = aws
        self._store = store
        self._settings = settings
        self._documents = documents
        self._slots = Slots(limits.running, limits.blocked, limits.queued, "automation")
        self._scripts = ScriptPool()
        self._lock = threading.Lock()
        self._live: dict[str, Live] = {}
        self._parents: dict[str, Parent] = {}
        self._close_interrupted()
        store.forget_before(time.time() - limits.retention_days * 86_400)

    # What actions may ask for: the Services protocol.

    @property
    def settings(self) -> EngineSettings:
        """The settings that the engine was opened with."""
        return self._settings

    @property
    def scripts(self) -> ScriptPool:
        """The interpreters for `aws:executeScript`."""
        return self._scripts

    def adopt(self, token: str, parent: ExecutionRecord) -> None:
        """Make the execution that will be started with this client token a child of `parent`."""
        with self._lock:
            self._parents[token] = Parent(parent.execution_id, parent.depth + 1)

    def await_execution(self, execution_id: str, control: Control, deadline: float) -> bool | None:
        """Wait for the end: True ended, False out of time, None when it is not an execution of this engine."""
        with self._lock:
            live = self._live.get(execution_id)
            if live is not None:
                live.watchers.append(control)
        if live is None:
            return True if self._store.find(execution_id) else None
        return control.wait(deadline, live.done.is_set)

    def stop_execution(self, execution_id: str) -> None:
        """Cancel an execution if it still runs."""
        with self._lock:
            live = self._live.get(execution_id)
        if live is not None:
            live.journal.execution_status(ExecutionStatus.CANCELLING)
            live.control.stop()

    # The API.

    def start(self, request: Mapping[str, Any], caller: Caller) -> str:
        """StartAutomationExecution: returns the execution's id."""
        token = request.get("ClientToken")
        execution_id = new_id()
        if token:
            earlier = self._store.claim_token(str(token), _fingerprint(request), execution_id)
            if earlier is not None:
                return _same_request(earlier, request)
        with self._lock:
            parent = self._parents.pop(str(token), None) if token else None
        try:
            prepared = prepare(request, self._documents)
            return self._begin(execution_id, prepared, request, caller, parent)
        except ApiError:
            if token:
                self._store.release_token(str(token))
            raise

    def find(self, execution_id: str) -> dict[str, Any]:
        """GetAutomationExecution: the `AutomationExecution` shape."""
        record = self._existing(execution_id)
        steps = [step.wire() for step in self._store.steps(execution_id) if step.listed]
        return record.wire() | {"StepExecutions": steps}

    @property
    def store(self) -> ExecutionStore:
        """Where executions are kept, for listing them."""
        return self._store

    def stop(self, execution_id: str, kind: str) -> None:
        """StopAutomationExecution with Type Cancel or Complete."""
        record = self._existing(execution_id)
        with self._lock:
            live = self._live.get(execution_id)
        if record.status.final or live is None:
            raise ApiError(
                "InvalidAutomationStatusUpdateException",
                f"Automation execution {execution_id} cannot be stopped: it is already {record.status.value}.",
            )
        if kind == "Complete":
            if record.mode is not Mode.INTERACTIVE:
                raise ApiError(
                    "InvalidAutomationStatusUpdateException",
                    f"Automation execution {execution_id} runs in Auto mode; only Interactive ones can be completed.",
                )
            live.control.complete()
            return
        self.stop_execution(execution_id)

    def signal(self, execution_id: str, kind: str, payload: Mapping[str, Any], caller: Caller) -> None:
        """SendAutomationSignal."""
        record = self._existing(execution_id)
        with self._lock:
            live = self._live.get(execution_id)
        if live is None or record.status.final:
            raise ApiError(
                "InvalidAutomationSignalException",
                f"Automation execution {execution_id} is {record.status.value} and takes no signal.",
            )
        check_signal(record, self._store.steps(execution_id), kind, payload)
        if kind == "StopStep":
            self.stop_execution(execution_id)
            return
        live.control.send(Signal(kind, payload, caller))

    def close(self) -> None:
        """Stop all threads and interpreters. What still runs is marked when the store is opened again."""
        threads = self._slots.close()
        with self._lock:
            lives = list(self._live.values())
        for live in lives:
            live.control.abandon()
        for thread in threads:
            thread.join(timeout=5)
        self._scripts.close()
        self._store.close()

    # Starting.

    def _begin(
        self, execution_id: str, prepared: Prepared, request: Mapping[str, Any], caller: Caller, parent: Parent | None
    ) -> str:
        depth = parent.depth if parent else 0
        if depth > self._settings.limits.nesting:
            raise ApiError(
                "AutomationExecutionLimitExceededException",
                f"Automations nest at most {self._settings.limits.nesting} levels deep; this one is level {depth}.",
            )
        record = prepared.record(execution_id, request, caller)
        record.parent_id, record.depth = (parent.execution_id, depth) if parent else (None, 0)
        session, has_role = prepared.session(self._aws, self._settings, execution_id, caller)
        return self._submit(record, prepared, session, has_role, caller)

    def _submit(
        self, record: ExecutionRecord, prepared: Prepared, session: Session, has_role: bool, caller: Caller
    ) -> str:
        live = Live(Control(), Journal(record, self._store, self._settings))
        runner = Runner(
            services=self,
            slots=self._slots,
            actions=all_actions(),
            journal=live.journal,
            document=prepared.document,
            runbook=prepared.runbook,
            scope=prepared.scope(record.execution_id, self._settings, session),
            session=session,
            has_role=has_role,
            caller=caller,
            control=live.control,
        )
        with self._lock:
            self._live[record.execution_id] = live
        live.journal.save()
        runner.list_steps()
        try:
            self._slots.submit(lambda: self._work(runner, live), record.depth)
        except QueueFullError:
            self._ended(record.execution_id, live)
            live.journal.finish(ExecutionStatus.FAILED)
            raise ApiError(
                "AutomationExecutionLimitExceededException",
                "The number of simultaneously running Automation executions exceeded the allowable limit.",
            ) from None
        return record.execution_id

    def _work(self, runner: Runner, live: Live) -> None:
        runner.run()
        self._ended(live.journal.execution.execution_id, live)

    def _ended(self, execution_id: str, live: Live) -> None:
        with self._lock:
            self._live.pop(execution_id, None)
            watchers = list(live.watchers)
        live.done.set()
        for control in watchers:
            control.wake()

    def _existing(self, execution_id: str) -> ExecutionRecord:
        record = self._store.find(execution_id)
        if record is None:
            raise ApiError(
                "AutomationExecutionNotFoundException", f"Automation execution with id {execution_id} does not exist."
            )
        return record

    def _close_interrupted(self) -> None:
        for record in self._store.unfinished():
            for step in self._store.steps(record.execution_id):
                if step.step_execution_id is not None and not step.status.final:
                    step.status, step.end, step.failure_message = StepStatus.FAILED, now(), INTERRUPTED
                    self._store.save_step(record.execution_id, step)
            record.status, record.end, record.failure_message = ExecutionStatus.FAILED, now(), INTERRUPTED
            record.current_step = record.current_action = None
            self._store.save(record)


def _fingerprint(request: Mapping[str, Any]) -> str:
    body = {key: value for key, value in request.items() if key != "ClientToken"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()


def _same_request(earlier: tuple[str, str], request: Mapping[str, Any]) -> str:
    fingerprint, execution_id = earlier
    if fingerprint != _fingerprint(request):
        raise ApiError(
            "IdempotentParameterMismatch",
            "The client token was used before, for an execution with other parameters.",
        )
    return execution_id


def check_signal(record: ExecutionRecord, steps: list[Any], kind: str, payload: Mapping[str, Any]) -> None:
    """Raise `ApiError` when the execution cannot take this signal now."""
    names = [str(name) for name in payload.get("StepName", [])]
    if kind in {"StartStep", "Resume"} and names:
        known = {step.name for step in steps}
        if names[0] not in known:
            raise ApiError("AutomationStepNotFoundException", f"Step {names[0]} is not a step of the execution.")
    if kind == "StartStep" and record.mode is not Mode.INTERACTIVE:
        raise ApiError("InvalidAutomationSignalException", "StartStep is for executions in Interactive mode.")
    waits_for = {"Approve": "aws:approve", "Reject": "aws:approve", "Resume": "aws:pause"}.get(kind)
    if waits_for is not None:
        waiting = [step for step in steps if step.status is StepStatus.WAITING and step.action == waits_for]
        if not waiting:
            raise ApiError(
                "InvalidAutomationSignalException", f"The execution has no step of {waits_for} that waits for {kind}."
            )
    if kind == "StopStep":
        ids = [str(entry) for entry in payload.get("StepExecutionId", [])]
        if not any(step.step_execution_id in ids for step in steps):
            raise ApiError(
                "AutomationStepNotFoundException", f"No step execution {', '.join(ids)} is part of the execution."
            )
    if kind == "Revoke":
        raise ApiError("InvalidAutomationSignalException", "Revoke is for access requests, which are not automations.")
