"""Gives accepted executions their thread, and their actions what they ask of the engine."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rehearsal.automation.actions import all_actions
from rehearsal.automation.alarms import watch_alarm
from rehearsal.automation.control import Control
from rehearsal.automation.errors import ApiError
from rehearsal.automation.fleet import FleetRunner, Item, target_items
from rehearsal.automation.journal import Journal
from rehearsal.automation.live import Live, LocalChild, Parent, Registry, Work
from rehearsal.automation.locations import LocationLauncher, location_items
from rehearsal.automation.records import ExecutionRecord, new_id
from rehearsal.automation.runner import Runner
from rehearsal.automation.scripts.pool import ScriptPool
from rehearsal.automation.slots import QueueFullError, Slots
from rehearsal.automation.statuses import ExecutionStatus, Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.access import AwsAccess, Caller, Session
    from rehearsal.automation.preparation import Prepared
    from rehearsal.automation.ratecontrol import Child
    from rehearsal.automation.settings import EngineSettings
    from rehearsal.automation.store import ExecutionStore

QUEUE_FULL = "The number of simultaneously running Automation executions exceeded the allowable limit."


class Dispatcher:
    """Begins executions. It is the `Services` of their actions."""

    def __init__(self, aws: AwsAccess, store: ExecutionStore, settings: EngineSettings) -> None:
        limits = settings.limits
        self._aws = aws
        self._store = store
        self._settings = settings
        self._slots = Slots(limits.running, limits.blocked, limits.queued, "automation")
        self._rate_slots = Slots(limits.rate_running, 0, limits.rate_queued, "automation targets")
        self._scripts = ScriptPool()
        self.registry = Registry()

    # Services.

    @property
    def settings(self) -> EngineSettings:
        """The engine's settings."""
        return self._settings

    @property
    def scripts(self) -> ScriptPool:
        """The interpreters for `aws:executeScript`."""
        return self._scripts

    def adopt(self, token: str, parent: ExecutionRecord) -> None:
        """See `Registry.adopt`."""
        self.registry.adopt(token, parent)

    def disown(self, token: str) -> None:
        """See `Registry.disown`."""
        self.registry.disown(token)

    def await_execution(self, execution_id: str, control: Control, deadline: float) -> bool | None:
        """Wait for the end: True it ended, False out of time, None it is not an execution of this engine."""
        live = self.registry.find(execution_id, watcher=control)
        if live is None:
            return True if self._store.find(execution_id) else None
        return control.wait(deadline, live.done.is_set)

    def stop_execution(self, execution_id: str) -> bool:
        """Cancel an execution if it still runs; say whether it is one of this engine's."""
        live = self.registry.find(execution_id)
        if live is None:
            return self._store.find(execution_id) is not None
        if live.take():  # it is still queued
            live.journal.finish(ExecutionStatus.CANCELLED)
            self.registry.ended(live)
        else:
            live.journal.execution_status(ExecutionStatus.CANCELLING)
            live.control.stop()
        return True

    # Beginning and ending.

    def begin(
        self, execution_id: str, prepared: Prepared, request: Mapping[str, Any], caller: Caller, parent: Parent | None
    ) -> None:
        """Accept an execution. Raises `ApiError`."""
        record = prepared.record(execution_id, request, caller)
        if parent is not None:
            record.parent_id, record.depth = parent.execution_id, parent.depth
        self._check_depth(record.depth)
        live = Live(Control(), Journal(record, self._store, self._settings))
        session, has_role = prepared.session(self._aws, self._settings, execution_id, caller)
        work: Work
        if request.get("TargetLocations"):
            launcher = LocationLauncher(self._aws, self._settings, execution_id, caller)
            items = location_items(session, request)
            work = FleetRunner(live.journal, live.control, items, launcher, self._settings.poll_seconds[0])
        elif request.get("Targets") or request.get("TargetMaps"):
            items = target_items(session, prepared.document, request)
            record.resolved_targets = [item.name for item in items]
            launch = partial(self._launch_target, prepared, caller, live)
            work = FleetRunner(live.journal, live.control, items, launch)
        else:
            work = self._runner(live, prepared, session, has_role, caller)
        self._submit(live, work, session)

    def close(self) -> None:
        """Stop all threads and interpreters and leave the records as they are."""
        threads = self._slots.close() + self._rate_slots.close()
        for live in self.registry.everyone():
            live.control.abandon()
        for thread in threads:
            thread.join(timeout=5)
        self._scripts.close()

    def _check_depth(self, depth: int) -> None:
        most = self._settings.limits.nesting
        if depth > most:
            raise ApiError(
                "AutomationExecutionLimitExceededException",
                f"Automations nest at most {most} levels deep; this one is level {depth}.",
            )

    def _launch_target(self, prepared: Prepared, caller: Caller, parent: Live, item: Item) -> tuple[str, Child]:
        """Start the child execution of one target."""
        above = parent.journal.execution
        self._check_depth(above.depth + 1)
        child = prepared.for_target(item.request["Parameters"])
        record = child.record(new_id(), {"Mode": Mode.AUTO, "Tags": above.tags}, caller)
        record.parent_id, record.depth, record.target = above.execution_id, above.depth + 1, item.name
        session, has_role = child.session(self._aws, self._settings, record.execution_id, caller)
        live = Live(Control(), Journal(record, self._store, self._settings), watchers=[parent.control])
        self._submit(live, self._runner(live, child, session, has_role, caller), session)
        return record.execution_id, LocalChild(live, partial(self.stop_execution, record.execution_id))

    def _runner(self, live: Live, prepared: Prepared, session: Session, has_role: bool, caller: Caller) -> Runner:
        for step in prepared.runbook.all_steps():
            if step.action == "aws:executeScript" and str(step.inputs.get("Runtime", "")).startswith("python3."):
                self._scripts.warm(str(step.inputs["Runtime"]))
        return Runner(
            services=self,
            slots=self._slots,
            actions=all_actions(),
            journal=live.journal,
            document=prepared.document,
            runbook=prepared.runbook,
            scope=prepared.scope(live.journal.execution.execution_id, self._settings, session),
            session=session,
            has_role=has_role,
            caller=caller,
            control=live.control,
        )

    def _submit(self, live: Live, work: Work, session: Session) -> None:
        record = live.journal.execution
        self.registry.add(live)
        live.journal.save()
        work.list_steps()
        self._store.flush()
        slots = self._rate_slots if isinstance(work, FleetRunner) else self._slots
        try:
            slots.submit(partial(self._work, work, live), record.depth)
        except QueueFullError:
            record.failure_message = QUEUE_FULL
            live.journal.finish(ExecutionStatus.FAILED)
            self.registry.ended(live)
            raise ApiError("AutomationExecutionLimitExceededException", QUEUE_FULL) from None
        stop = partial(self.stop_execution, record.execution_id)
        watch_alarm(session, live.journal, live.done, stop, self._settings.poll_seconds[1])

    def _work(self, work: Work, live: Live) -> None:
        if live.take():
            try:
                work.run()
            finally:
                self.registry.ended(live)
