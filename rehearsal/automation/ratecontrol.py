"""How many children run at once, and after how many errors no more are started (reference §5)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from rehearsal.automation.statuses import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rehearsal.automation.control import Control

T = TypeVar("T")


def concurrency_of(text: str, total: int) -> int:
    """Return how many may run at once for `MaxConcurrency`, a number or a percentage."""
    return max(1, _amount(text, total))


def errors_of(text: str, total: int) -> int:
    """Return how many errors are borne for `MaxErrors`: one more stops the execution."""
    return _amount(text, total)


def _amount(text: str, total: int) -> int:
    return total * int(text[:-1]) // 100 if text.endswith("%") else int(text)


class Child(Protocol):
    """A started child."""

    def poll(self) -> ExecutionStatus | None:
        """Return the final status, or None while it runs. Never waits."""
        ...

    def stop(self) -> None: ...


@dataclass
class Ramp:
    """First one, then two, then four, up to the limit; each wave is waited for until the limit is reached."""

    limit: int
    _wave: int = 1
    _started: int = 0
    _ended: int = 0

    def room(self) -> bool:
        """Say whether one more may start."""
        if self._wave >= self.limit:
            return self._started - self._ended < self.limit
        return self._started < self._wave

    def start(self) -> None:
        """Count one that starts."""
        self._started += 1

    def end(self) -> None:
        """Count one that ended; the last of a wave opens the next."""
        self._ended += 1
        if self._wave < self.limit and self._ended >= self._wave:
            self._wave = min(self.limit, self._wave * 2)
            self._started = self._ended = 0


@dataclass
class RateControl(Generic[T]):
    """Starts a child for each item and waits for all that were started.

    `wait` blocks until a child may have ended. `started` and `ended` are told of each child.
    """

    ramp: Ramp
    max_errors: int
    control: Control
    launch: Callable[[T], Child]
    ended: Callable[[T, ExecutionStatus], None]
    wait: Callable[[Callable[[], bool]], None]
    errors: int = 0
    _running: dict[int, tuple[T, Child]] = field(default_factory=dict)

    def run(self, items: Iterable[T]) -> bool:
        """Run all. Returns whether all items were started. Raises what `wait` raises, after stopping the children."""
        waiting = deque(items)
        number = 0
        try:
            while True:
                while waiting and self.ramp.room() and self.errors <= self.max_errors:
                    item = waiting.popleft()
                    self.ramp.start()
                    number += 1
                    self._running[number] = (item, self.launch(item))
                if not self._running:
                    return not waiting
                if not self._collect():
                    self.wait(self._any_ended)
        except BaseException:
            for _, child in self._running.values():
                child.stop()
            raise

    def finish_running(self) -> None:
        """After a stop: wait for the children that were stopped."""
        while self._running:
            if not self._collect():
                self.wait(self._any_ended)

    def _any_ended(self) -> bool:
        return any(child.poll() is not None for _, child in self._running.values())

    def _collect(self) -> bool:
        done = [(number, item, child.poll()) for number, (item, child) in self._running.items()]
        collected = False
        for number, item, status in done:
            if status is None:
                continue
            collected = True
            del self._running[number]
            self.ramp.end()
            self.errors += status is not ExecutionStatus.SUCCESS
            self.ended(item, status)
        return collected
