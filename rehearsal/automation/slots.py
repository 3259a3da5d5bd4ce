"""How many executions run at once: a fixed number, then a queue (reference §1.4)."""

from __future__ import annotations

import heapq
import itertools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rehearsal.automation.control import AbandonedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class QueueFullError(Exception):
    """No more executions are accepted."""


class Slots:
    """Runs work in at most `running` threads; more waits in a queue of at most `queued`.

    Children go before new work, or parents that wait for them would keep them out. Work that only waits (for a person,
    a clock, a child) gives its slot back meanwhile.
    """

    def __init__(self, running: int, blocked: int, queued: int, name: str) -> None:
        self._running_limit = running
        self._blocked_limit = blocked
        self._queued_limit = queued
        self._name = name
        self._lock = threading.Lock()
        self._running = 0
        self._blocked = 0
        self._order = itertools.count()
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._threads: set[threading.Thread] = set()
        self._closed = False

    def submit(self, work: Callable[[], None], depth: int = 0) -> None:
        """Run `work` when a slot is free. Raises `QueueFullError`."""
        with self._lock:
            if self._running >= self._running_limit and len(self._queue) >= self._queued_limit and not depth:
                raise QueueFullError
            heapq.heappush(self._queue, (-depth, next(self._order), work))
            self._start_ready()

    @contextmanager
    def waiting(self, *, for_child: bool = False) -> Iterator[None]:
        """Give the slot back while the caller waits."""
        with self._lock:
            frees = for_child or self._blocked < self._blocked_limit
            if frees:
                self._running -= 1
                self._blocked += 0 if for_child else 1
                self._start_ready()
        try:
            yield
        finally:
            if frees:
                with self._lock:
                    self._running += 1
                    self._blocked -= 0 if for_child else 1

    def close(self) -> list[threading.Thread]:
        """Take no more work and drop what is queued. Returns the threads that still run."""
        with self._lock:
            self._closed = True
            self._queue.clear()
            return list(self._threads)

    def _start_ready(self) -> None:
        while self._queue and self._running < self._running_limit and not self._closed:
            _, _, work = heapq.heappop(self._queue)
            self._running += 1
            thread = threading.Thread(target=self._run, args=(work,), name=self._name, daemon=True)
            self._threads.add(thread)
            thread.start()

    def _run(self, work: Callable[[], None]) -> None:
        following: Callable[[], None] | None = work
        try:
            while following is not None:
                try:
                    following()
                except AbandonedError:
                    return
                following = self._following()
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())
                self._running -= 1
                if following is None:
                    self._start_ready()

    def _following(self) -> Callable[[], None] | None:
        """Take the next work into this thread, unless more run than may."""
        with self._lock:
            if self._queue and self._running <= self._running_limit and not self._closed:
                return heapq.heappop(self._queue)[2]
        return None
