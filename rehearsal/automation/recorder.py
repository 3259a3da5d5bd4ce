"""What the API shows of each step while it runs and when it ends (reference §4.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rehearsal.automation.encoding import encode_outputs
from rehearsal.automation.flow import branch_targets
from rehearsal.automation.records import StepRecord, now
from rehearsal.automation.statuses import ExecutionStatus, StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.attempts import Outcome
    from rehearsal.automation.journal import Journal
    from rehearsal.automation.runbook import Step


@dataclass(frozen=True)
class Frame:
    """Where steps run: at the top, or in one iteration of a loop."""

    steps: tuple[Step, ...]
    parent: Mapping[str, Any] | None = None

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {step.name: index for index, step in enumerate(self.steps)}

    def following(self, step: Step) -> str | None:
        """Return the step listed after this one."""
        index = self._positions[step.name] + 1
        return self.steps[index].name if index < len(self.steps) else None

    def find(self, name: str) -> Step | None:
        """Return the step of this name, if it is here."""
        index = self._positions.get(name)
        return None if index is None else self.steps[index]


@dataclass
class StepRecorder:
    """Keeps the records of one execution's steps."""

    journal: Journal
    _steps: dict[str, StepRecord] = field(default_factory=dict)

    def of(self, step: Step, frame: Frame) -> StepRecord:
        """Return the record of a step; in a loop, a new one for each iteration."""
        known = self._steps.get(step.name)
        if known is not None and frame.parent is None and known.step_execution_id is None:
            return known
        record = StepRecord(position=self.journal.next_position(), name=step.name, action=step.action)
        if frame.parent is not None:
            record.parent = dict(frame.parent)
            record.listed = False
        self._steps[step.name] = record
        self.journal.step(record)
        return record

    def close(self, record: StepRecord, step: Step, frame: Frame, outcome: Outcome) -> None:
        """Write the end of a step."""
        record.outputs = encode_outputs(outcome.outputs or {}, outcome.result.payload)
        record.failure_message, record.failure_details = outcome.message, outcome.details
        following = step.next_step or frame.following(step)
        record.is_end = step.is_end or (following is None and not branch_targets(step))
        if not record.is_end:
            record.next_step = outcome.result.next_step or following
            record.valid_next_steps = [name for _, name in branch_targets(step)] + ([following] if following else [])
        record.end = now()
        record.status = outcome.status  # last: who sees the end may look at everything else
        self.journal.step(record)
        self.journal.step_event(record)

    def show_waiting(self, record: StepRecord, waiting: bool) -> None:
        """Show the step and the execution as Waiting, or as running again."""
        record.status = StepStatus.WAITING if waiting else StepStatus.IN_PROGRESS
        self.journal.step(record)
        self.journal.execution_status(ExecutionStatus.WAITING if waiting else ExecutionStatus.IN_PROGRESS)

    def show_outputs(self, record: StepRecord, outputs: Mapping[str, Any]) -> None:
        """Show what is known while the step still runs."""
        record.outputs = encode_outputs(outputs, None)
        self.journal.step(record)
