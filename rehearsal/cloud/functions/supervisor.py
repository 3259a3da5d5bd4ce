"""Keeps the process of one function: unpacks its code, hands it invocations, ends it in time. Standard library only.

Run by its source, on whatever machine functions run. Each line of standard input is a JSON object: the first sets up,
each further one is an invocation. Lines of standard output are `{"log": "one line"}` and, at the end of an invocation,
`{"done": {…}}`. When standard input ends, the function ends too, and nothing is left behind.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import IO, Any, TextIO

LARGEST_LOG = 4 * 1024 * 1024
LARGEST_UNPACKED = 250 * 1024 * 1024
CHUNK = 65536
# A function has its own environment, and not that of whoever runs the rehearsal: no profile, no keys, no endpoints.
INHERITED = ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
NO_SETTINGS = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
INIT_SECONDS = 10.0  # what Lambda gives the init phase
GRACE_SECONDS = 1.0


class Lines:
    """Reads lines from a descriptor without waiting."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.ended = False
        self._rest = b""

    def read(self) -> list[bytes]:
        """Return the whole lines that have come, after `select` said that there is something to read."""
        data = os.read(self.descriptor, CHUNK)
        self.ended = not data
        *whole, self._rest = (self._rest + data).split(b"\n")
        if self.ended and self._rest:
            whole, self._rest = [*whole, self._rest], b""
        return whole


class Worker:
    """The function's own process."""

    def __init__(self, setup: dict[str, Any], task: Path) -> None:
        answers, theirs = os.pipe()
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        own = {"LAMBDA_TASK_ROOT": str(task), "_HANDLER": setup["handler"], **NO_SETTINGS}
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", setup["worker"], str(theirs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs,),
            cwd=task,
            env={**inherited, **setup["environment"], **own},
            start_new_session=True,  # a group of its own, so that all it starts can be ended with it
        )
        os.close(theirs)
        self._requests, self._written = _pipe(self.process.stdin), _pipe(self.process.stdout)
        self.answers, self.output = Lines(answers), Lines(self._written.fileno())
        self.init_ms: float | None = None
        self.is_new = True

    def is_usable(self) -> bool:
        return self.process.poll() is None and not self.answers.ended

    def send(self, request: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # that it has ended shows when its answer is awaited
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()

    def peak_memory_mib(self) -> int:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8").splitlines():
                if line.startswith("VmHWM:"):
                    return max(1, round(int(line.split()[1]) / 1024))
        return 1

    def kill(self) -> None:
        """End it and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        self.kill()
        for stream in (self._requests, self._written):
            with contextlib.suppress(OSError):
                stream.close()
        os.close(self.answers.descriptor)


class Supervisor:
    """Serves the invocations that come."""

    def __init__(self, inbox: Lines, outbox: TextIO) -> None:
        self._inbox, self._outbox = inbox, outbox
        self._pending: list[bytes] = []
        self._logged = 0

    def serve(self, folder: Path) -> None:
        """Set up as the first line says, and answer all further ones."""
        setup = self._next_request()
        if setup is None:
            return
        task = folder / "task"
        unpack(base64.b64decode(setup["code"]), task)
        worker: Worker | None = None
        try:
            while (request := self._next_request()) is not None:
                if worker is not None and not worker.is_usable():
                    worker.close()
                    worker = None
                worker = worker or Worker(setup, task)
                self._tell({"done": self._invoke(worker, request)})
        finally:
            if worker is not None:
                worker.close()

    def _next_request(self) -> dict[str, Any] | None:
        """Wait for the next line; None when there will be none."""
        while not self._pending:
            if self._inbox.ended:
                return None
            select.select([self._inbox.descriptor], [], [])
            self._pending += self._inbox.read()
        request: dict[str, Any] = json.loads(self._pending.pop(0))
        return request

    def _invoke(self, worker: Worker, request: dict[str, Any]) -> dict[str, Any]:
        self._logged = 0
        was_new, worker.is_new = worker.is_new, False
        limit = float(request["timeout_seconds"])
        answer: dict[str, Any] | None = None
        if was_new:
            answer = self._await(worker, time.monotonic() + max(INIT_SECONDS, limit))
            worker.init_ms = answer["init_ms"] if answer else None
        started = time.monotonic()
        if answer is not None or not was_new:
            worker.send(request)
            answer = self._await(worker, started + limit)
        done: dict[str, Any] = {
            "duration_ms": max(0.01, (time.monotonic() - started) * 1000),
            "max_memory_mib": worker.peak_memory_mib(),
            "init_ms": worker.init_ms if was_new else None,
        }
        if answer is None:
            return done | self._end(worker)
        self._drain(worker)
        return done | {"ending": "error" if answer["error"] else "success", "payload": answer["payload"]}

    def _end(self, worker: Worker) -> dict[str, Any]:
        """End a function that gave no answer, and tell whether it was too slow or had ended by itself."""
        try:
            # One that has closed its answers is about to end; one that runs on has not.
            code = worker.process.wait(GRACE_SECONDS if worker.answers.ended else 0)
        except subprocess.TimeoutExpired:
            worker.kill()
            code = None
        self._drain(worker)
        return {"ending": "timeout" if code is None else "exit", "code": code}

    def _await(self, worker: Worker, deadline: float) -> dict[str, Any] | None:
        """Pass on what the function writes until it says something; None when it ends or its time is up."""
        while (remaining := deadline - time.monotonic()) > 0:
            watched = [self._inbox.descriptor, worker.answers.descriptor]
            watched += [] if worker.output.ended else [worker.output.descriptor]
            ready, _, _ = select.select(watched, [], [], remaining)
            if self._inbox.descriptor in ready:
                self._pending += self._inbox.read()
                if self._inbox.ended:
                    raise SystemExit  # nobody waits for the answer any more
            if worker.output.descriptor in ready:
                self._log(worker.output.read())
            if worker.answers.descriptor in ready:
                for line in worker.answers.read():
                    message: dict[str, Any] = json.loads(line)
                    return message
                if worker.answers.ended:
                    return None
        return None

    def _drain(self, worker: Worker) -> None:
        """Pass on what had been written before the answer, or before the end."""
        while not worker.output.ended and select.select([worker.output.descriptor], [], [], 0)[0]:
            self._log(worker.output.read())

    def _log(self, lines: list[bytes]) -> None:
        for line in lines:
            self._logged += len(line)
            if self._logged <= LARGEST_LOG:
                self._tell({"log": line.decode(errors="replace")})

    def _tell(self, message: dict[str, Any]) -> None:
        self._outbox.write(json.dumps(message) + "\n")
        self._outbox.flush()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """Return a stream of a process that was started with one."""
    if stream is None:
        raise TypeError("the process was started without this pipe")
    return stream


def unpack(package: bytes, task: Path) -> None:
    """Unpack the function's code."""
    task.mkdir()
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST_UNPACKED:
            raise SystemExit(f"the package is larger than {LARGEST_UNPACKED} bytes once it is unpacked")
        archive.extractall(task)


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as outbox, tempfile.TemporaryDirectory(prefix="function-") as made:
        os.dup2(2, 1)
        Supervisor(Lines(0), outbox).serve(Path(made))


if __name__ == "__main__":
    main()
