"""Commands run on the machine that runs the rehearsal."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_TAIL_LINES = 12


class CommandError(Exception):
    """A command failed; the message holds the command and the end of what it said."""

    def __init__(self, argv: Sequence[str], code: int | None, output: str) -> None:
        ended = "did not end in time" if code is None else f"ended with {code}"
        super().__init__(f"`{' '.join(argv)}` {ended}:\n{tail(output)}")
        self.code = code
        self.output = output


def tail(output: str, lines: int = _TAIL_LINES) -> str:
    """Return the last lines of an output, which is where commands say what went wrong."""
    return "\n".join(output.strip().splitlines()[-lines:])


def run(
    argv: Sequence[str],
    *,
    timeout_seconds: float,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: str | None = None,
) -> str:
    """Run a command and return its standard output.

    Raises CommandError when it fails or takes longer than `timeout_seconds`, and FileNotFoundError when it is not
    installed.
    """
    try:
        completed = subprocess.run(
            _ending_with_us(argv),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
            cwd=folder,
            env={**os.environ, **(environment or {})},
        )
    except subprocess.TimeoutExpired as error:
        said = error.stderr or error.stdout or b""
        raise CommandError(argv, None, said.decode(errors="replace") if isinstance(said, bytes) else said) from None
    if completed.returncode != 0:
        raise CommandError(argv, completed.returncode, f"{completed.stdout}\n{completed.stderr}")
    return completed.stdout


def _ending_with_us(argv: Sequence[str]) -> list[str]:
    """Have the kernel end a command whose starter is killed: it would go on alone, and write to what is then in use."""
    found = shutil.which(argv[0])
    if found is None:
        raise FileNotFoundError(argv[0])
    ender = shutil.which("setpriv")
    return [*((ender, "--pdeathsig", "TERM", "--") if ender else ()), found, *argv[1:]]
