"""A warm Python interpreter that forks one process for each script, and never runs a script itself.

Started by path with whichever interpreter a runtime needs, so it imports nothing but the standard library and, ahead of
time, boto3. Standard input is a Unix socket: every message is one file descriptor, the other end of which talks to the
engine. The forked process sends its pid, takes a job, says so, and sends the result; each is a JSON text behind its
length in four bytes.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import signal
import socket
import struct
import sys
import traceback
import types
from typing import Any

_LENGTH = struct.Struct(">I")
_MEBIBYTE = 1024 * 1024
_COMMON_SERVICES = ("ssm", "ec2", "secretsmanager")
_UNUSED = "unused"
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def receive(channel: socket.socket) -> Any:
    """Read one message. Raises EOFError when the other side is gone."""
    (length,) = _LENGTH.unpack(_exactly(channel, _LENGTH.size))
    return json.loads(_exactly(channel, length))


def send(channel: socket.socket, message: Any) -> None:
    """Write one message."""
    body = json.dumps(message).encode()
    channel.sendall(_LENGTH.pack(len(body)) + body)


def _exactly(channel: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = channel.recv(min(size, _MEBIBYTE))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def main() -> None:
    """Fork for each descriptor until the engine closes the socket."""
    with contextlib.suppress(ImportError):
        _load_boto3()
    gc.collect()
    gc.freeze()  # keeps the collector from copying pages that the forked processes share
    control = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    while True:
        _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not descriptors:
            return
        if os.fork() == 0:
            control.close()
            _serve(socket.socket(fileno=descriptors[0]))
        os.close(descriptors[0])


def _load_boto3() -> None:
    """Load what every first client needs, so that no script waits for it.

    boto3's default session is made without credentials, Region or endpoint: it finds those in a script's environment
    when the script makes its first client.
    """
    import boto3  # noqa: PLC0415 - not every interpreter has it
    import botocore.session  # noqa: PLC0415 - the same

    core = botocore.session.Session()
    boto3.setup_default_session(botocore_session=core)
    boto3.client("sts", region_name="us-east-1", aws_access_key_id=_UNUSED, aws_secret_access_key=_UNUSED)
    loader = core.get_component("data_loader")
    for service in _COMMON_SERVICES:
        for part in ("service-2", "endpoint-rule-set-1"):
            loader.load_service_model(service, part)


def _serve(channel: socket.socket) -> None:
    """In the forked process: run one script and end, with everything that it started."""
    try:
        os.setsid()
        _die_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        send(channel, os.getpid())
        job = receive(channel)
        send(channel, "taken")
        _settle(job)
        send(channel, _run(job))
    finally:
        channel.close()
        os.killpg(0, signal.SIGKILL)


def _die_with_parent() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _settle(job: dict[str, Any]) -> None:
    """Take on the job's folder, environment and limits; standard output goes to a file there."""
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    sys.path.insert(0, job["folder"])
    sys.argv = [job["path"] or job["folder"]]
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (job["memory_mib"] * _MEBIBYTE,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (job["disk_mib"] * _MEBIBYTE,) * 2)


def _run(job: dict[str, Any]) -> dict[str, Any]:
    try:
        payload = _handler(job)(job["payload"], {})
        text = json.dumps(payload)
    except BaseException as error:  # noqa: BLE001 - whatever the script raises, even SystemExit, is its failure
        return {"failure": describe(error, job["folder"])}
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
    return {"payload": text}


def _handler(job: dict[str, Any]) -> Any:
    module_name, _, function = str(job["handler"]).rpartition(".")
    if job["path"] and not (module_name and job["attached"]):
        module = types.ModuleType("customer_script")
        module.__file__ = job["path"]
        sys.modules["customer_script"] = module
        exec(compile(job["script"], job["path"], "exec"), module.__dict__)  # noqa: S102 - running the script is the purpose
        return getattr(module, str(job["handler"]))
    if not module_name:
        raise ValueError("Handler of an attachment has the form filename.method")
    return getattr(importlib.import_module(module_name), function)


def describe(error: BaseException, folder: str) -> str:
    """Return the traceback as the service words it: the script's own frames, then `Name - message`."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(folder)]
    lines = "".join(traceback.format_list(frames))
    return f"Traceback (most recent call last):\n{lines}\n{type(error).__name__} - {error}"


if __name__ == "__main__":
    main()
