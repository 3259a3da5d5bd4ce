"""Says what is going on: with a spinner on a terminal, in plain lines in a pipe, and how long each phase took."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.status import Status


@dataclass
class Phase:
    """A stretch of work under way; whoever does it says so when what came of it is not what was wanted."""

    fell_short: bool = False


class Progress:
    """Phases, one at a time, and lines within them. Writes to standard error: standard output is for results."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._console = _console(self._stream) if self._stream.isatty() else None
        self._status: Status | None = None
        self.phases: list[tuple[str, float]] = []

    @contextmanager
    def phase(self, title: str) -> Iterator[Phase]:
        """A stretch of work. Its line is closed with its duration, and marked when it fell short or raised."""
        started = time.monotonic()
        self._open(title)
        phase = Phase()
        try:
            yield phase
        except BaseException:
            self._close("✗", title, time.monotonic() - started)
            raise
        seconds = time.monotonic() - started
        self.phases.append((title, round(seconds, 1)))
        self._close("✗" if phase.fell_short else "✓", title, seconds)

    def line(self, text: str) -> None:
        """One line within the phase."""
        if self._console:
            self._console.print(f"  {text}", markup=False, highlight=False)
        else:
            self._stream.write(f"  {text}\n")
            self._stream.flush()

    def step(self, text: str) -> None:
        """What `rehearsal.hosts` calls for each thing that it begins, from any thread."""
        self.line(text)

    def block(self, text: str) -> None:
        """Several lines, such as what a host wrote."""
        for line in text.rstrip().splitlines():
            self.line(f"│ {line}")

    def _open(self, title: str) -> None:
        if self._console:
            self._status = self._console.status(title, spinner="dots")
            self._status.start()
        else:
            self._stream.write(f"… {title}\n")
            self._stream.flush()

    def _close(self, mark: str, title: str, seconds: float) -> None:
        if self._status:
            self._status.stop()
            self._status = None
        text = f"{mark} {title}  {seconds:.1f} s"
        if self._console:
            self._console.print(text, style="green" if mark == "✓" else "bold red", markup=False, highlight=False)
        else:
            self._stream.write(f"{text}\n")
            self._stream.flush()


def _console(stream: TextIO) -> Console:
    from rich.console import Console  # noqa: PLC0415 - a pipe needs none of it

    return Console(file=stream, soft_wrap=True)
