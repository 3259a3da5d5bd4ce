"""The engine's side of the script processes: warm interpreters, one script each, ended with all that they start."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.automation.scripts import zygote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEMORY_MIB = 512
DISK_MIB = 512
_OWN_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


class ScriptCrashedError(Exception):
    """The process of a script ended without a result."""


@dataclass(frozen=True)
class ScriptJob:
    """One script to run. `files` are written into its folder; `script` goes to `customer_script.py` there."""

    runtime: str
    handler: str
    payload: Any
    environment: Mapping[str, str]
    script: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class ScriptResult:
    """`payload` is the returned value as JSON text, or None when `failure` tells of an exception."""

    payload: str | None
    failure: str | None
    log: str


class RunningScript:
    """A started script. `result` blocks; `kill` may be called from another thread."""

    def __init__(self, channel: socket.socket, pid: int, log: Path) -> None:
        self._channel = channel
        self._pid = pid
        self._log = log
        self._ended = False

    def result(self) -> ScriptResult:
        """Wait for the end. Raises `ScriptCrashedError`."""
        try:
            message = zygote.receive(self._channel)
        except (EOFError, OSError, ValueError) as error:
            raise ScriptCrashedError(
                "The process of the script ended without a result (killed, or out of memory)"
            ) from error
        self._ended = True
        return ScriptResult(message.get("payload"), message.get("failure"), self._read_log())

    def kill(self) -> None:
        """End the script and every process of its group; one that answered has ended them itself."""
        if self._ended:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)

    def _read_log(self, most: int = 256 * 1024) -> str:
        with contextlib.suppress(OSError), self._log.open("rb") as stream:
            return stream.read(most).decode(errors="replace")
        return ""


class ScriptPool:
    """Keeps one warm interpreter for each Python that was asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._warm: dict[str, _Interpreter] = {}

    def warm(self, runtime: str) -> None:
        """Begin to load the interpreter for `runtime`, without waiting for it."""
        self._interpreter(runtime)

    @contextmanager
    def start(self, job: ScriptJob) -> Iterator[RunningScript]:
        """Start a script; at the end of the block it is ended and its folder removed."""
        stamp = f"{uuid.uuid4()}-{time.strftime('%Y-%m-%d-%H-%M-%S', time.gmtime())}"
        folder = Path(tempfile.gettempdir()) / stamp
        folder.mkdir(mode=0o700)
        try:
            message = _prepare(job, folder)
            channel, pid = self._hand_over(job.runtime, message)
            running = RunningScript(channel, pid, Path(message["log"]))
            try:
                yield running
            finally:
                running.kill()
                channel.close()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """End the interpreters; scripts that still run end with them."""
        with self._lock:
            interpreters = list(self._warm.values())
            self._warm.clear()
        for interpreter in interpreters:
            interpreter.close()

    def _hand_over(self, runtime: str, message: dict[str, Any]) -> tuple[socket.socket, int]:
        """Return a process that has taken the job; an interpreter that a script has ended is replaced once."""
        interpreter = self._interpreter(runtime)
        try:
            return interpreter.hand_over(message)
        except ScriptCrashedError:
            with self._lock:
                if self._warm.get(runtime) is interpreter:
                    del self._warm[runtime]
            interpreter.close()
            return self._interpreter(runtime).hand_over(message)

    def _interpreter(self, runtime: str) -> _Interpreter:
        with self._lock:
            found = self._warm.get(runtime)
            if found is None or not found.alive:
                found = self._warm[runtime] = _Interpreter(python_for(runtime))
            return found


class _Interpreter:
    """A warm interpreter, with one forked process ready for the next script."""

    def __init__(self, python: str) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        with theirs:
            self._process = subprocess.Popen(  # our own file, with an interpreter that was found
                [python, "-I", zygote.__file__],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        self._ready: socket.socket | None = self._request()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def hand_over(self, message: dict[str, Any]) -> tuple[socket.socket, int]:
        """Return the channel to a process of its own that has taken the job, and its pid.

        Raises `ScriptCrashedError` when none took it: nothing of the script has run then.
        """
        with self._lock:
            try:
                channel, self._ready = self._ready, None
                if channel is None:
                    channel = self._request()
                self._ready = self._request()
            except OSError as error:
                raise ScriptCrashedError(f"The interpreter could not start a process: {error}") from error
        try:
            pid = int(zygote.receive(channel))
            zygote.send(channel, message)
            # A process that was made ahead of time may have ended with its interpreter since it sent its pid.
            zygote.receive(channel)
        except (EOFError, OSError) as error:
            channel.close()
            raise ScriptCrashedError(f"The interpreter could not start a process: {error}") from error
        return channel, pid

    def _request(self) -> socket.socket:
        """Ask for a process without waiting for it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            socket.send_fds(self._control, [b"1"], [theirs.fileno()])
        return ours

    def close(self) -> None:
        with self._lock:
            if self._ready is not None:
                self._ready.close()
            self._control.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        self._process.wait(timeout=10)


def _prepare(job: ScriptJob, folder: Path) -> dict[str, Any]:
    for name, content in job.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    script = folder / "customer_script.py"
    if job.script is not None:
        script.write_text(job.script, encoding="utf-8")
    own = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": str(folder), "TMPDIR": str(folder)}
    return {
        "folder": str(folder),
        "log": str(folder / ".log"),
        "path": str(script) if job.script is not None else None,
        "script": job.script,
        "attached": bool(job.files),
        "handler": job.handler,
        "payload": job.payload,
        "environment": own | {"AWS_EC2_METADATA_DISABLED": "true"} | dict(job.environment),
        "memory_mib": MEMORY_MIB,
        "disk_mib": DISK_MIB,
    }


def python_for(runtime: str) -> str:
    """Return the interpreter for `python3.N`: that very one where it is installed with boto3, else the engine's own."""
    if runtime != _OWN_VERSION:
        found = shutil.which(runtime)
        if found and _has_boto3(found):
            return found
    return sys.executable


def _has_boto3(python: str) -> bool:
    tried = subprocess.run(
        [python, "-I", "-c", "import boto3"], capture_output=True, timeout=60, check=False
    )  # found on PATH
    return tried.returncode == 0
