"""Starts the daemon, waits until it answers, and ends it: from the outside, as the command line does."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from rehearsal.daemon.proxies import past_proxies
from rehearsal.daemon.state import State, daemons_of, forget, still_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rehearsal.hosts import PreparedImages
    from rehearsal.settings import Settings

LOG_FILE = "cloud.log"
START_SECONDS = 60
END_SECONDS = 20
LOG_LINES = 25


class DaemonError(Exception):
    """The daemon did not start. The text says what it said last."""


def start(settings: Settings, images: PreparedImages, tick_seconds: float, tell: Callable[[str], None]) -> State:
    """Start the daemon and return once it answers. `tell` gets each line that it reports on the way.

    The daemon is a session of its own, so that it outlives the terminal, and writes to `cloud.log`. Until it is ready
    it reports through a pipe, one JSON object a line: {"note": …}, {"failed": …} or {"ready": true}.
    """
    folder = settings.state_folder
    folder.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    with (folder / LOG_FILE).open("ab") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "rehearsal.daemon",
                str(settings.path),
                json.dumps(asdict(images)),
                str(tick_seconds),
                str(writing),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=settings.root,
            env={**os.environ, **past_proxies(os.environ)},  # it is a client of its own endpoint
            pass_fds=(writing,),
            start_new_session=True,
        )
    os.close(writing)
    try:
        _wait_until_ready(process, reading, folder, tell)
    except BaseException:
        process.terminate()
        _reap(process)
        raise
    finally:
        os.close(reading)
    state = State.read(folder)
    if state is None:
        raise DaemonError(f"the cloud says it is ready, and {folder / 'state.json'} is not there")
    return state


def stop(settings: Settings) -> None:
    """End the daemon if it runs, and only if the process of that number is it.

    One that the state does not tell of, because the file is gone or of another version, is known by its command.
    """
    state = State.read(settings.state_folder)
    known = [(state.pid, state.process_started)] if state else []
    for pid, started in dict.fromkeys([*known, *daemons_of(settings.path)]):
        _end(pid, started)
    forget(settings.state_folder)


def _end(pid: int, started: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it may end by itself between being looked at and being told to
        if still_runs(pid, started):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + END_SECONDS
        while still_runs(pid, started) and time.monotonic() < deadline:
            time.sleep(0.05)
        if still_runs(pid, started):
            os.kill(pid, signal.SIGKILL)


def log_tail(folder: Path, lines: int = LOG_LINES) -> str:
    try:
        text = (folder / LOG_FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _wait_until_ready(
    process: subprocess.Popen[bytes], reading: int, folder: Path, tell: Callable[[str], None]
) -> None:
    deadline = time.monotonic() + START_SECONDS
    pending = b""
    while True:
        remaining = deadline - time.monotonic()
        readable, _, _ = select.select([reading], [], [], max(0, remaining))
        if not readable:
            raise DaemonError(f"the cloud did not answer within {START_SECONDS} s; its log:\n{log_tail(folder)}")
        received = os.read(reading, 65536)
        if not received:
            code = process.wait()
            raise DaemonError(f"the cloud ended with code {code} before it answered; its log:\n{log_tail(folder)}")
        *lines, pending = (pending + received).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "failed" in message:
                raise DaemonError(message["failed"])
            if "note" in message:
                tell(message["note"])
            if "ready" in message:
                return


def _reap(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
