"""Starts document workers by forking a process that has everything imported: a command begins at once.

The nursery is forked from the agent before it has threads, has none itself, and ends when the agent ends. The workers
are in sessions of their own and go on.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, NoReturn

from rehearsal.agent.log import log

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_MESSAGE = 65_536


class Nursery:
    """The agent's end. Safe from any thread once it is made."""

    def __init__(self) -> None:
        """Fork the nursery; to be called before there are threads."""
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        if os.fork() == 0:
            self._socket.close()
            _serve(theirs)
        theirs.close()

    def start_worker(self, arguments: Sequence[str]) -> int:
        """The new worker's process ID. Raises OSError when the nursery is gone."""
        with self._lock:
            self._socket.sendall(json.dumps(list(arguments)).encode())
            answer = self._socket.recv(_MAX_MESSAGE)
        if not answer:
            raise ConnectionResetError("the nursery of document workers has ended")
        return int(answer)


def _serve(requests: socket.socket) -> NoReturn:
    from rehearsal.agent.worker import work  # noqa: PLC0415 - imported once, for all workers

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel takes care of workers that have ended
    while message := requests.recv(_MAX_MESSAGE):
        arguments: list[str] = json.loads(message)
        worker = os.fork()
        if worker == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            _leave_agent()
            code = 1
            try:
                code = work(arguments)
            except Exception as error:  # noqa: BLE001 - the agent reports a worker that ends without a result; this says why
                log(f"document worker {arguments[-1]}: {type(error).__name__}: {error}")
            finally:
                os._exit(code)
        requests.sendall(str(worker).encode())
    os._exit(0)


def _leave_agent() -> None:
    """A session of its own, and nothing on standard input and output; the log stays."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
