"""Runs the steps of one execution in the order that the control flow demands (reference §2.4, §2.6)."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from rehearsal.automation.action import Action, Services, StepContext
from rehearsal.automation.attempts import Outcome, attempt_step, input_failure, plan
from rehearsal.automation.encoding import encode_inputs, encode_value
from rehearsal.automation.errors import InvalidInputError, StepCancelledError, StepFailedError
from rehearsal.automation.flow import ABORT, CONTINUE
from rehearsal.automation.recorder import Frame, StepRecorder
from rehearsal.automation.records import StepRecord, new_id, now
from rehearsal.automation.statuses import ExecutionStatus, FailureStage, FailureType, Mode, StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.access import Caller, Session, StoredDocument
    from rehearsal.automation.control import Control
    from rehearsal.automation.journal import Journal
    from rehearsal.automation.runbook import Runbook, Step
    from rehearsal.automation.scope import Scope
    from rehearsal.automation.slots import Slots

NOT_YET = "No output available yet because the step is not successfully executed"
_LOG = logging.getLogger(__name__)


class AbortedError(Exception):
    """A step failed and its `onFailure` is Abort: nothing follows."""


@dataclass
class Runner:
    """One execution at work. `run` is called once, in a thread of its own."""

    services: Services
    slots: Slots
    actions: Mapping[str, Action]
    journal: Journal
    document: StoredDocument
    runbook: Runbook
    scope: Scope
    session: Session
    has_role: bool
    caller: Caller
    control: Control
    _worst: ExecutionStatus = ExecutionStatus.SUCCESS
    _message: str | None = None

    def run(self) -> None:
        """Run to the end. Whatever happens, the record ends in a final status."""
        execution = self.journal.execution
        try:
            self.journal.execution_status(ExecutionStatus.IN_PROGRESS)
            if execution.mode is Mode.INTERACTIVE:
                self._interactive()
            else:
                self._sequence(self._top, self.runbook.steps[0].name)
            status = ExecutionStatus.CANCELLED if self.control.stop_requested else self._worst
        except AbortedError:
            status = ExecutionStatus.FAILED if self._worst is ExecutionStatus.SUCCESS else self._worst
        except StepCancelledError:
            status = ExecutionStatus.CANCELLED
        except Exception:  # noqa: BLE001 - the record has to end, whatever happens
            _LOG.exception(
                "Execution %s of %s ended by an error of the engine", execution.execution_id, self.document.name
            )
            status, self._message = (
                ExecutionStatus.FAILED,
                "Internal Server Error. Please refer to the log of the endpoint.",
            )
        execution.outputs = self._document_outputs()
        execution.variables = {name: encode_value(value) for name, value in self.scope.variables.items()}
        if status not in {ExecutionStatus.SUCCESS, ExecutionStatus.CANCELLED}:
            execution.failure_message = self._message
        self.journal.finish(status)

    @cached_property
    def recorder(self) -> StepRecorder:
        """The records of the steps."""
        return StepRecorder(self.journal)

    @cached_property
    def _top(self) -> Frame:
        return Frame(self.runbook.steps)

    def list_steps(self) -> None:
        """Write every step as Pending, as the service lists them up front."""
        for step in self.runbook.steps:
            self.recorder.of(step, self._top)

    def _sequence(self, frame: Frame, first: str) -> str | None:
        """Run steps from `first`. Returns the step outside of the frame that they left for, or None."""
        name: str | None = first
        while name is not None:
            step = frame.find(name)
            if step is None:
                return name
            name = self._one(frame, step)
        return None

    def _one(self, frame: Frame, step: Step) -> str | None:
        """Run one step and return what follows it."""
        record = self.recorder.of(step, frame)
        try:
            self.control.check()
            outcome = self._execute(step, record)
        except StepCancelledError:
            self._cancel(frame, step, record)
            raise
        return self._after(frame, step, record, outcome)

    def _after(self, frame: Frame, step: Step, record: StepRecord, outcome: Outcome) -> str | None:
        following = step.next_step or frame.following(step)
        if outcome.status in {StepStatus.SUCCESS, StepStatus.EXITED}:
            self.scope.outputs[step.name] = {**(outcome.outputs or {}), **_payload(outcome)}
            target = outcome.result.next_step or outcome.result.exit_to or (None if step.is_end else following)
            self.recorder.close(record, step, frame, outcome)
            return target
        self.recorder.close(record, step, frame, outcome)
        self._note_failure(step, outcome)
        if step.is_end:
            return None
        if step.on_failure == ABORT:
            raise AbortedError
        return following if step.on_failure == CONTINUE else step.on_failure

    def _note_failure(self, step: Step, outcome: Outcome) -> None:
        if self._message is None or (step.critical and self._worst is ExecutionStatus.SUCCESS):
            self._message = outcome.message
        if not step.critical:
            return
        # Which kind wins when critical steps end in both is not documented; Failed is the more alarming one.
        if outcome.status is StepStatus.FAILED or self._worst is ExecutionStatus.SUCCESS:
            self._worst = outcome.status

    def _execute(self, step: Step, record: StepRecord) -> Outcome:
        action = self.actions.get(step.action)
        record.step_execution_id, record.start, record.status = new_id(), now(), StepStatus.IN_PROGRESS
        record.on_failure, record.is_critical = step.on_failure_text, step.is_critical
        if action is None:
            return input_failure(InvalidInputError(f"Unknown action: {step.action}"))
        try:
            planned = plan(step, action, self.scope)
        except InvalidInputError as error:
            return input_failure(error)
        record.inputs = encode_inputs(planned.inputs)
        if step.timeout_seconds is not None:
            record.timeout_seconds = int(planned.timeout)
        if step.max_attempts is not None:
            record.max_attempts = planned.attempts
        self.journal.step(record)
        self.journal.current(step.name, step.action)
        context_for = partial(self._context, step, record, planned.inputs)
        try:
            return attempt_step(step, action, planned, self.services.settings, context_for)
        except (StepCancelledError, AbortedError):
            raise
        except Exception as error:  # noqa: BLE001 - an action's own fault must not take the execution's record with it
            _LOG.exception("Action %s failed in step %s of %s", step.action, step.name, self.document.name)
            failed = StepFailedError(f"Internal Server Error: {error!r}", failure_type=FailureType.INTERNAL)
            return Outcome(StepStatus.FAILED, message=failed.message, details=_internal())

    def _context(self, step: Step, record: StepRecord, inputs: dict[str, Any], timeout: float) -> StepContext:
        return StepContext(
            step=step,
            inputs=inputs,
            session=self.session,
            has_role=self.has_role,
            scope=self.scope,
            execution=self.journal.execution,
            document=self.document,
            caller=self.caller,
            services=self.services,
            control=self.control,
            deadline=time.monotonic() + timeout,
            blocked=lambda for_child: self.slots.waiting(for_child=for_child),
            show_waiting=partial(self.recorder.show_waiting, record),
            show_outputs=partial(self.recorder.show_outputs, record),
            loop_body=partial(self._iteration, step, record),
        )

    def _iteration(self, step: Step, record: StepRecord, iteration: int, value: Any) -> str | None:
        """Run a loop's steps once."""
        parent = {
            "StepExecutionId": record.step_execution_id,
            "StepName": step.name,
            "Action": step.action,
            "Iteration": iteration,
        }
        if value is not None:
            parent["IteratorValue"] = encode_value(value)[0] if encode_value(value) else ""
        frame = Frame(step.steps, parent)
        try:
            return self._sequence(frame, step.steps[0].name)
        except AbortedError as error:
            self._abort_loop(step, record)
            raise AbortedError from error

    def _abort_loop(self, step: Step, record: StepRecord) -> None:
        status = StepStatus.FAILED if self._worst is ExecutionStatus.SUCCESS else self._worst
        details = {"FailureStage": FailureStage.INVOCATION.value, "FailureType": FailureType.ACTION.value}
        self.recorder.close(record, step, self._top, Outcome(status, message=self._message, details=details))

    def _cancel(self, frame: Frame, step: Step, record: StepRecord) -> None:
        """Close the cancelled step, and run its `onCancel` steps for at most two minutes."""
        if record.status is not StepStatus.PENDING and not record.status.final:
            record.status, record.end = StepStatus.CANCELLED, now()
            self.journal.step(record)
        if self.control.cancelling:
            return
        self.journal.execution_status(ExecutionStatus.CANCELLING)
        self.control.begin_cancelling(self.services.settings.limits.cancel_seconds)
        if step.on_cancel is None or record.step_execution_id is None:
            return
        try:
            outside = self._sequence(frame, step.on_cancel)
            if outside is not None:
                self._sequence(self._top, outside)
        except (AbortedError, StepCancelledError):
            _LOG.info("The cancellation workflow of step %s did not end well", step.name)

    def _interactive(self) -> None:
        """Wait for StartStep before each step, and for Complete at the end (reference §2.5)."""
        frame = self._top
        name: str | None = self.runbook.steps[0].name
        while not self.control.completed:
            self.journal.execution_status(ExecutionStatus.WAITING)
            with self.slots.waiting():
                signal = self.control.next_signal(
                    time.monotonic() + self.services.settings.limits.wait_for_person_seconds
                )
            if signal is None:
                continue
            wanted = signal.payload.get("StepName", [name])[0] if signal.kind == "StartStep" else None
            step = frame.find(wanted) if wanted else None
            if step is not None:
                self.journal.execution_status(ExecutionStatus.IN_PROGRESS)
                name = self._one(frame, step)

    def _document_outputs(self) -> dict[str, list[str]]:
        shown = {}
        for entry in self.runbook.outputs:
            step, _, name = entry.partition(".")
            values = self.scope.outputs.get(step, {})
            shown[entry] = encode_value(values[name]) if name in values else [NOT_YET]
        return shown


def _payload(outcome: Outcome) -> dict[str, Any]:
    return {"OutputPayload": outcome.result.payload} if outcome.result.payload else {}


def _internal() -> dict[str, Any]:
    return {"FailureStage": FailureStage.INVOCATION.value, "FailureType": FailureType.INTERNAL.value}
