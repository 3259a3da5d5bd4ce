"""The outside world: where the clients of the application are.

In a rehearsal that is the `internet` container, which `rehearsal.hosts` runs. This file is the seam: it says what a
scenario asks of it, and imports nothing of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Completed(Protocol):
    """A command that has ended."""

    @property
    def code(self) -> int: ...
    @property
    def stdout(self) -> str: ...
    @property
    def stderr(self) -> str: ...


class Running(Protocol):
    """A command that still runs."""

    def lines(self) -> Iterator[str]:
        """Each line of its standard output as it is written, without the newline; ends when the command ends."""
        ...

    def stop(self) -> None:
        """End it at once. Ending what has ended is no error."""
        ...


class Outside(Protocol):
    """Runs commands where the application's clients are."""

    def run(self, argv: Sequence[str], *, stdin: str | None = None, timeout_seconds: float = 60) -> Completed: ...

    def start(self, argv: Sequence[str]) -> Running: ...
