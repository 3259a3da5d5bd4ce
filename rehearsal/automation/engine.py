"""The engine: answers what the Automation API asks, and starts and steers executions for it."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

from rehearsal.automation.control import Signal
from rehearsal.automation.dispatcher import Dispatcher
from rehearsal.automation.errors import ApiError
from rehearsal.automation.preparation import find_runbook, prepare
from rehearsal.automation.previews import Previews
from rehearsal.automation.records import ExecutionRecord, new_id, now
from rehearsal.automation.signals import check_signal
from rehearsal.automation.statuses import ExecutionStatus, Mode, StepStatus
from rehearsal.automation.targets import check_targets, resolve_targets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.access import AwsAccess, Caller, Documents
    from rehearsal.automation.settings import EngineSettings
    from rehearsal.automation.store import ExecutionStore

INTERRUPTED = "The execution was interrupted: the endpoint that ran it was stopped before the execution ended."


class AutomationEngine:
    """Executes runbooks of one account in one Region. Any thread may call any method.

    Opening an engine on a store marks executions that an earlier process left unfinished as Failed. Methods raise
    `ApiError` with the modelled exception's name.
    """

    def __init__(self, aws: AwsAccess, store: ExecutionStore, settings: EngineSettings, documents: Documents) -> None:
        self._aws = aws
        self._store = store
        self._documents = documents
        self._dispatcher = Dispatcher(aws, store, settings)
        self._previews = Previews(documents, settings)
        self._close_interrupted()
        store.forget_before(time.time() - settings.limits.retention_days * 86_400)

    @property
    def store(self) -> ExecutionStore:
        """Where executions are kept, for listing them."""
        return self._store

    def start(self, request: Mapping[str, Any], caller: Caller) -> str:
        """StartAutomationExecution: returns the execution's id."""
        token = str(request["ClientToken"]) if request.get("ClientToken") else None
        execution_id = new_id()
        if token:
            earlier = self._store.claim_token(token, _fingerprint(request), execution_id)
            if earlier is not None:
                return _same_request(earlier, request)
        parent = self._dispatcher.registry.parent_of(token)
        try:
            self._dispatcher.begin(execution_id, prepare(request, self._documents), request, caller, parent)
        except BaseException:
            if token:
                self._store.release_token(token)
            raise
        return execution_id

    def find(self, execution_id: str) -> dict[str, Any]:
        """GetAutomationExecution: the `AutomationExecution` shape."""
        record = self._existing(execution_id)
        steps = [step.wire() for step in self._store.steps(execution_id) if step.listed]
        return record.wire() | {"StepExecutions": steps}

    def stop(self, execution_id: str, kind: str) -> None:
        """StopAutomationExecution with Type Cancel or Complete."""
        record = self._existing(execution_id)
        live = self._dispatcher.registry.find(execution_id)
        if record.status.final or live is None:
            raise _status_error(f"Automation execution {execution_id} has ended: it is {record.status.value}.")
        if kind != "Complete":
            self._dispatcher.stop_execution(execution_id)
        elif record.mode is Mode.INTERACTIVE:
            live.control.complete()
        else:
            raise _status_error(f"Automation execution {execution_id} is not Interactive: it cannot be completed.")

    def signal(self, execution_id: str, kind: str, payload: Mapping[str, Any], caller: Caller) -> None:
        """SendAutomationSignal."""
        record = self._existing(execution_id)
        live = self._dispatcher.registry.find(execution_id)
        if live is None or record.status.final:
            raise ApiError(
                "InvalidAutomationSignalException",
                f"Automation execution {execution_id} has ended ({record.status.value}) and takes no signal.",
            )
        check_signal(record, self._store.steps(execution_id), kind, payload, caller)
        if kind == "StopStep":
            self._dispatcher.stop_execution(execution_id)
        else:
            live.control.send(Signal(kind, payload, caller))

    def start_preview(self, request: Mapping[str, Any], caller: Caller) -> str:
        """StartExecutionPreview: returns the preview's id."""
        inputs = (request.get("ExecutionInputs") or {}).get("Automation") or {}
        targets = inputs.get("Targets") or []
        counts: dict[str, int] = {}
        if targets:
            check_targets(targets)
            document, _ = find_runbook(request, self._documents)
            found = resolve_targets(self._aws.session(None, new_id(), caller), targets, document.target_type)
            counts[document.target_type or "ParameterValues"] = len(found)
        elif inputs.get("TargetMaps"):
            counts["ParameterValues"] = len(inputs["TargetMaps"])
        return self._previews.start(request, counts)

    def find_preview(self, preview_id: str) -> dict[str, Any]:
        """GetExecutionPreview."""
        return self._previews.find(preview_id)

    def close(self) -> None:
        """Stop all threads and interpreters. What still runs is marked when the store is opened again."""
        self._dispatcher.close()
        self._store.close()

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


def _status_error(message: str) -> ApiError:
    return ApiError("InvalidAutomationStatusUpdateException", message)


def _fingerprint(request: Mapping[str, Any]) -> str:
    body = {key: value for key, value in request.items() if key != "ClientToken"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()


def _same_request(earlier: tuple[str, str], request: Mapping[str, Any]) -> str:
    fingerprint, execution_id = earlier
    if fingerprint != _fingerprint(request):
        raise ApiError(
            "IdempotentParameterMismatch", "The client token was used before, for an execution with other parameters."
        )
    return execution_id
