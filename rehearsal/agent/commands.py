"""Follow one command from its acknowledgement to its last reply, across restarts of the agent and of the host."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rehearsal.agent.content import member
from rehearsal.agent.delivery import StoppedError, deliver
from rehearsal.agent.flow import now
from rehearsal.agent.messages import document_reply, final_reply, step_reply
from rehearsal.agent.results import Status, StepResult
from rehearsal.agent.store import CANCEL, COMPLETE, WORKER, CommandState, Stage, Store, WorkerProcess, read_json

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from rehearsal.agent.aws import HostAccess
    from rehearsal.agent.workers import Workers

_LOOK_SECONDS = 0.03
_GRACE_SECONDS = 3.0  # for a worker of an agent that was killed while it started it
_LONGEST_SECONDS = 172_800.0  # of any command (appconfig: 48 hours)
_CRASHED = (
    "document process failed unexpectedly: the document worker ended without a result, "
    "check [ssm-document-worker]/[ssm-session-worker] log for crash reason"
)


class CommandRunner:
    """Runs commands whose state is saved in `store`; one call of `run` a command, from any thread."""

    def __init__(
        self,
        store: Store,
        aws: HostAccess,
        workers: Workers,
        *,
        config_path: Path,
        agent_version: str,
        stop: threading.Event,
        log: Callable[[str], None],
        request_reboot: Callable[[], None],
    ) -> None:
        self._store = store
        self._aws = aws
        self._workers = workers
        self._config_path = config_path
        self._agent_version = agent_version
        self._stop = stop
        self._log = log
        self._request_reboot = request_reboot

    def cancel(self, command_id: str) -> bool:
        """Whether the command is still there to be cancelled."""
        if self._store.stage_of(command_id) not in {Stage.PENDING, Stage.CURRENT}:
            return False
        channel = self._store.channel(command_id)
        channel.mkdir(parents=True, exist_ok=True, mode=0o700)
        (channel / CANCEL).touch()
        return True

    def run(self, command_id: str) -> None:
        """Start the command's worker, or find the one that runs already, and deliver what it brings.

        Raises StoppedError when the agent stops meanwhile: the worker goes on, and the next agent delivers.
        """
        if self._store.stage_of(command_id) is Stage.PENDING:
            self._store.move(command_id, Stage.PENDING, Stage.CURRENT)
        state = self._store.load(command_id, Stage.CURRENT)
        try:
            self._run(state)
        except OSError as error:
            # A full disk, above all: what runs cannot be kept, but whoever waits is told.
            reason = f"the agent cannot go on with the command: {error}"
            self._log(f"{command_id}: {reason}")
            self._reply(state, document_reply(Status.FAILED, reason, self._agent_version), "last reply")

    def _run(self, state: CommandState) -> None:
        command_id = state.command.command_id
        if state.status is Status.IN_PROGRESS:
            is_running = self._find_worker(command_id)
        else:
            state = self._save(replace(state, status=Status.IN_PROGRESS))
            is_running = self._start_worker(command_id)
        state, outcome = self._follow(state, is_running)
        status, trace = (Status(outcome["status"]), str(outcome["trace"])) if outcome else (Status.FAILED, _CRASHED)
        if not outcome:
            state = _with_crash(state)
        if status is Status.SUCCESS_AND_REBOOT:
            self._save(replace(state, status=status))
            self._store.clear_channel(command_id)
            self._request_reboot()
            return
        self._finish(replace(state, status=status), trace)

    def _start_worker(self, command_id: str) -> Callable[[], bool]:
        self._store.channel(command_id).mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._workers.start([str(self._config_path), str(self._store.root), command_id])

    def _follow(
        self, state: CommandState, is_running: Callable[[], bool]
    ) -> tuple[CommandState, dict[str, Any] | None]:
        """Deliver results as they come; the document's outcome, None when the worker ended without one."""
        channel = self._store.channel(state.command.command_id)
        seen: set[str] = set()
        while True:
            # Whether it runs is asked before its files are looked at: what it wrote last is never missed.
            running = is_running()
            outcome = read_json(channel / COMPLETE)
            for path in sorted(channel.glob("[0-9]*.json")):
                value = None if path.name in seen else read_json(path)
                if value is not None:
                    seen.add(path.name)
                    state = self._take(state, StepResult.from_json(value))
            if outcome or not running:
                return state, outcome
            if self._stop.wait(_LOOK_SECONDS):
                raise StoppedError

    def _find_worker(self, command_id: str) -> Callable[[], bool]:
        """An earlier agent's worker, which says itself who it is."""
        path = self._store.channel(command_id) / WORKER
        deadline = time.monotonic() + _GRACE_SECONDS

        def is_running() -> bool:
            value = read_json(path)
            return WorkerProcess(**value).is_running() if value else time.monotonic() < deadline

        return is_running

    def _take(self, state: CommandState, result: StepResult) -> CommandState:
        state = state.with_result(result)
        if result.status is Status.SUCCESS_AND_REBOOT or result.name in state.delivered:
            return self._save(state)
        state = self._save(state)
        reply = step_reply(result, state.results.values(), state.command.targets, self._agent_version)
        if not self._reply(state, reply, f"reply for step {result.name}"):
            return state
        return self._save(replace(state, delivered=(*state.delivered, result.name)))

    def _finish(self, state: CommandState, trace: str) -> None:
        command = state.command
        if state.results:
            reply = final_reply(state.status, trace, state.results.values(), command.targets, self._agent_version)
        else:
            reply = document_reply(state.status, trace, self._agent_version)
        self._reply(state, reply, "last reply")
        # Kept as completed first: should the service deliver the message again, it is known as done.
        self._store.finish(state)
        self._deliver(state, lambda: self._aws.delete_message(command.message_id), "deletion of the message")
        self._log(f"{command.command_id}: {state.status}")

    def _reply(self, state: CommandState, payload: str, what: str) -> bool:
        return self._deliver(state, lambda: self._aws.send_reply(state.command.message_id, payload), what)

    def _deliver(self, state: CommandState, call: Callable[[], None], what: str) -> bool:
        return deliver(
            call,
            f"{state.command.command_id}: {what}",
            stop=self._stop,
            log=self._log,
            may_go_on=lambda: time.time() - state.created < _LONGEST_SECONDS,
        )

    def _save(self, state: CommandState) -> CommandState:
        self._store.save(state, Stage.CURRENT)
        return state


def _with_crash(state: CommandState) -> CommandState:
    """The first step without a result is the one that the worker ended in."""
    content = state.command.content if isinstance(state.command.content, dict) else {}
    steps = member(content, "mainSteps")
    for step in steps if isinstance(steps, list) else []:
        name = str(member(step, "name")) if isinstance(step, dict) else ""
        before = state.results.get(name)
        if name and (before is None or before.status is Status.SUCCESS_AND_REBOOT):
            action = str(member(step, "action") or "")
            crash = StepResult(name, action, Status.FAILED, code=1, output=_CRASHED, started=now(), ended=now())
            return state.with_result(crash)
    return state
