"""Run one process as the agent does: own process group, no input, output copied until everyone has closed it."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.agent.results import STOPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from rehearsal.agent.cancellation import Cancellation

_READ_BYTES = 65_536


@dataclass(frozen=True)
class Exit:
    """`code` is 137 when the process was stopped; `error` is Go's text for an exit that is not zero."""

    code: int
    error: str = ""


def run_process(
    argv: Sequence[str],
    *,
    folder: Path | None,
    environment: Mapping[str, str],
    stdout: Callable[[bytes], None],
    stderr: Callable[[bytes], None],
    timeout_seconds: float,
    cancellation: Cancellation,
) -> Exit:
    """Run `argv` until it has ended and its output is closed by all who hold it, or until stopped.

    At the timeout or on cancellation the whole process group is killed and output is no longer copied. A child that
    the process leaves behind keeps the step open for as long as it holds standard output or error.
    """
    program = shutil.which(argv[0])  # on the agent's own PATH, whatever the step sets
    if program is None:
        return Exit(1, f'exec: "{argv[0]}": executable file not found in $PATH')
    try:
        process = subprocess.Popen(
            argv,
            executable=program,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=dict(environment),
            process_group=0,
        )
    except OSError as error:
        reason = (error.strerror or "error").lower()
        return Exit(1, f"fork/exec {program}: {reason}")
    with process:
        ended = False
        try:
            ended = _copy_until_ended(process, stdout, stderr, time.monotonic() + timeout_seconds, cancellation)
        finally:
            if not ended:
                _kill_group(process.pid)
        code = process.wait()
        return _exit_of(code) if ended else Exit(STOPPED)


def _copy_until_ended(
    process: subprocess.Popen[bytes],
    stdout: Callable[[bytes], None],
    stderr: Callable[[bytes], None],
    deadline: float,
    cancellation: Cancellation,
) -> bool:
    """Whether the process ended by itself; False at the deadline or on cancellation."""
    assert process.stdout is not None  # noqa: S101 - both were asked for as pipes
    assert process.stderr is not None  # noqa: S101
    exited = os.pidfd_open(process.pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ, stdout)
            selector.register(process.stderr, selectors.EVENT_READ, stderr)
            selector.register(exited, selectors.EVENT_READ)
            selector.register(cancellation, selectors.EVENT_READ)
            return _copy(selector, deadline, cancellation)
    finally:
        os.close(exited)


def _copy(selector: selectors.BaseSelector, deadline: float, cancellation: Cancellation) -> bool:
    open_until_end = 3  # both pipes and the process itself
    while open_until_end:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return False
        for key, _ in selector.select(remaining):
            if key.fileobj is cancellation:
                return False
            data = os.read(key.fd, _READ_BYTES) if key.data else b""
            if data:
                key.data(data)
            else:
                selector.unregister(key.fileobj)
                open_until_end -= 1
    return True


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _exit_of(code: int) -> Exit:
    if code == 0:
        return Exit(0)
    if code == -signal.SIGKILL:  # a script that kills itself ends as one that was stopped
        return Exit(STOPPED, "signal: killed")
    if code < 0:
        return Exit(-1, f"signal: {signal.strsignal(-code) or -code}".lower())
    return Exit(code, f"exit status {code}")
