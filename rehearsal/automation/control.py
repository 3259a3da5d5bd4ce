"""Steering a running execution from outside: stopping it, and signals that its steps wait for."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.automation.errors import StepCancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rehearsal.automation.access import Caller


class AbandonedError(BaseException):
    """The engine closes: the thread has to end and leave the record as it is."""


@dataclass(frozen=True)
class Signal:
    """What SendAutomationSignal brought."""

    kind: str
    payload: Mapping[str, Any]
    caller: Caller


@dataclass
class Control:
    """One execution's steering wheel. All waiting of an execution happens here, so that a stop ends it at once."""

    _condition: threading.Condition = field(default_factory=threading.Condition)
    _signals: deque[Signal] = field(default_factory=deque)
    _stop: bool = False
    _completed: bool = False
    _abandoned: bool = False
    _cancel_deadline: float | None = None

    def stop(self) -> None:
        """Ask for cancellation."""
        with self._condition:
            self._stop = True
            self._condition.notify_all()

    def complete(self) -> None:
        """Ask for the end of an interactive execution."""
        with self._condition:
            self._completed = True
            self._condition.notify_all()

    def abandon(self) -> None:
        """End the thread without a result."""
        with self._condition:
            self._abandoned = True
            self._condition.notify_all()

    def send(self, signal: Signal) -> None:
        """Deliver a signal."""
        with self._condition:
            self._signals.append(signal)
            self._condition.notify_all()

    def wake(self) -> None:
        """Let whoever waits look at its condition again."""
        with self._condition:
            self._condition.notify_all()

    @property
    def stop_requested(self) -> bool:
        """Whether cancellation was asked for."""
        return self._stop

    @property
    def completed(self) -> bool:
        """Whether an interactive execution was told to complete."""
        return self._completed

    @property
    def cancelling(self) -> bool:
        """Whether the cancellation workflow has begun."""
        return self._cancel_deadline is not None

    def begin_cancelling(self, seconds: float) -> None:
        """From here on only the cancellation workflow runs, for at most `seconds`."""
        with self._condition:
            self._cancel_deadline = time.monotonic() + seconds

    def check(self) -> None:
        """Raise `StepCancelledError` when the execution was stopped, or the cancellation workflow's time is up."""
        if self._abandoned:
            raise AbandonedError
        if self._cancel_deadline is not None:
            if time.monotonic() >= self._cancel_deadline:
                raise StepCancelledError
        elif self._stop:
            raise StepCancelledError

    def wait(self, deadline: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Wait until `until` holds (True) or `deadline` passes (False). Raises on a stop, as `check` does."""
        with self._condition:
            while True:
                self.check()
                if until():
                    return True
                end = deadline if self._cancel_deadline is None else min(deadline, self._cancel_deadline)
                remaining = end - time.monotonic()
                if remaining <= 0:
                    self.check()
                    return until()
                self._condition.wait(min(remaining, threading.TIMEOUT_MAX))

    def next_signal(self, deadline: float) -> Signal | None:
        """Wait for a signal; None when `deadline` passes first or the execution was completed."""
        self.wait(deadline, lambda: bool(self._signals) or self._completed)
        with self._condition:
            return self._signals.popleft() if self._signals else None
