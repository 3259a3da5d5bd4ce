"""Executions that are queued or run in this process."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.automation.control import Control
    from rehearsal.automation.journal import Journal
    from rehearsal.automation.records import ExecutionRecord
    from rehearsal.automation.statuses import ExecutionStatus


class Work(Protocol):
    """What a thread of the engine does: one execution from its beginning to its end."""

    def list_steps(self) -> None: ...

    def run(self) -> None: ...


@dataclass
class Live:
    """An execution that is queued or runs. `watchers` are woken when it ends."""

    control: Control
    journal: Journal
    done: threading.Event = field(default_factory=threading.Event)
    watchers: list[Control] = field(default_factory=list)
    _first: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> bool:
        """Return True to the first who asks: the thread that runs the execution, or a stop that comes before it."""
        return self._first.acquire(blocking=False)


@dataclass(frozen=True)
class LocalChild:
    """A child execution of this engine."""

    live: Live
    stop_it: Callable[[], object]

    def poll(self) -> ExecutionStatus | None:
        """Return the final status, or None while it runs."""
        return self.live.journal.execution.status if self.live.done.is_set() else None

    def stop(self) -> None:
        """Cancel it."""
        self.stop_it()


@dataclass(frozen=True)
class Parent:
    """What a child execution is started for."""

    execution_id: str
    depth: int


class Registry:
    """The live executions by id, and the parents that await a child by the child's client token."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: dict[str, Live] = {}
        self._parents: dict[str, Parent] = {}

    def add(self, live: Live) -> None:
        """Register an execution that was accepted."""
        with self._lock:
            self._live[live.journal.execution.execution_id] = live

    def find(self, execution_id: str, watcher: Control | None = None) -> Live | None:
        """Return a live execution; `watcher` is woken when it ends."""
        with self._lock:
            live = self._live.get(execution_id)
            if live is not None and watcher is not None:
                live.watchers.append(watcher)
            return live

    def ended(self, live: Live) -> None:
        """Forget an execution that ended and wake whoever waits for it."""
        with self._lock:
            self._live.pop(live.journal.execution.execution_id, None)
            watchers = list(live.watchers)
        live.done.set()
        for control in watchers:
            control.wake()

    def everyone(self) -> list[Live]:
        """Return all live executions."""
        with self._lock:
            return list(self._live.values())

    def adopt(self, token: str, parent: ExecutionRecord) -> None:
        """Note that the execution started with `token` will be a child of `parent`."""
        with self._lock:
            self._parents[token] = Parent(parent.execution_id, parent.depth + 1)

    def disown(self, token: str) -> None:
        """Forget a parent whose child was never started."""
        with self._lock:
            self._parents.pop(token, None)

    def parent_of(self, token: str | None) -> Parent | None:
        """Return, once, what was noted for a token."""
        with self._lock:
            return self._parents.pop(token, None) if token else None
