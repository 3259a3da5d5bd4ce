"""A flag that stops a document: it can be waited for together with a process's output."""

from __future__ import annotations

import os


class Cancellation:
    """Set once, from any thread; `fileno()` is readable from then on."""

    def __init__(self) -> None:
        self._event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True
        os.eventfd_write(self._event, 1)

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def fileno(self) -> int:
        return self._event

    def close(self) -> None:
        os.close(self._event)
