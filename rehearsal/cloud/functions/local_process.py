"""Processes of this machine, talked to line by line: what functions run in unless the cloud is handed other ones."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

END_SECONDS = 2.0


class LocalProcess:
    """Satisfies `runner.Channel`. Its error output is this process's own."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )

    def send(self, text: str) -> None:
        """Write to its standard input. Raises OSError when it has ended."""
        if self._process.stdin is None or self._process.stdin.closed:
            raise BrokenPipeError("the process has been stopped")
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def lines(self) -> Iterator[str]:
        """Yield each line of its standard output as it is written."""
        if self._process.stdout is not None:
            for line in self._process.stdout:
                yield line.rstrip("\n")

    def stop(self) -> None:
        """End it: by the end of its input, then by SIGTERM, then by SIGKILL."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        for end in (None, self._process.terminate, self._process.kill):
            if end is not None:
                end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
                return
