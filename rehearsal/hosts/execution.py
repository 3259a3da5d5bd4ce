"""Commands in a container: run to their end, or started and watched."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.hosts.errors import HostsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from docker.models.containers import Container

_STDOUT = 1
_TIMED_OUT = 124  # what coreutils' timeout answers
_KILLED = 137
_KILL_AFTER = 2.0
_LARGEST_OUTPUT = 64 * 1024 * 1024


@dataclass(frozen=True)
class Completed:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str


def run(
    container: Container, argv: Sequence[str], *, stdin: str | None = None, timeout_seconds: float = 60
) -> Completed:
    """Run a command as root and wait for it.

    Raises TimeoutError when it takes longer, once it has been killed, and HostsError when the container does not run.
    """
    # The limit is kept inside of the container: a command that nobody waits for must not go on there.
    limit = ["timeout", f"--kill-after={_KILL_AFTER}", f"{timeout_seconds:.3f}"]
    started = time.monotonic()
    connection = _Connection(container, [*limit, *argv], with_stdin=stdin is not None)
    if stdin is not None:
        connection.send(stdin.encode())
    stdout, stderr = bytearray(), bytearray()
    for stream, data in connection.frames():
        kept = stdout if stream == _STDOUT else stderr
        if len(kept) < _LARGEST_OUTPUT:
            kept += data
    code = connection.exit_code()
    if code in {_TIMED_OUT, _KILLED} and time.monotonic() - started >= timeout_seconds:
        raise TimeoutError(f"`{' '.join(argv)}` in {container.name} did not end within {timeout_seconds:g} s")
    return Completed(code, stdout.decode(errors="replace"), stderr.decode(errors="replace"))


class Running:
    """A command that was started, with its standard output as it comes. What it says on its error output is dropped."""

    def __init__(self, container: Container, argv: Sequence[str], *, with_stdin: bool = False) -> None:
        self._container = container
        self._pid_file = f"/run/rehearsal-{secrets.token_hex(8)}.pid"
        script = 'echo "$$" > "$0"; exec "$@"'
        self._connection = _Connection(container, ["sh", "-c", script, self._pid_file, *argv], with_stdin=with_stdin)

    def lines(self) -> Iterator[str]:
        """Yield each line of its standard output as it is written, without the newline; ends when the command ends."""
        rest = b""
        for stream, data in self._connection.frames():
            if stream == _STDOUT:
                *whole, rest = (rest + data).split(b"\n")
                yield from (line.decode(errors="replace") for line in whole)
        if rest:
            yield rest.decode(errors="replace")

    def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL two seconds later. Ending what has ended is no error."""
        for signal in ("TERM", "KILL"):
            if not self._connection.is_running():
                return
            kill = f'[ ! -s "$0" ] || kill -{signal} "$(cat "$0")" 2>/dev/null || true'
            self._container.exec_run(["sh", "-c", kill, self._pid_file])
            deadline = time.monotonic() + _KILL_AFTER
            while self._connection.is_running() and time.monotonic() < deadline:
                time.sleep(0.02)


class Conversation(Running):
    """A command that was started, and is talked to through its standard input for as long as it runs."""

    def __init__(self, container: Container, argv: Sequence[str]) -> None:
        super().__init__(container, argv, with_stdin=True)

    def send(self, text: str) -> None:
        """Write to its standard input. Raises OSError when it has ended."""
        self._connection.write(text.encode())


class _Connection:
    """An exec in a container and its streams."""

    def __init__(self, container: Container, argv: Sequence[str], *, with_stdin: bool) -> None:
        import docker.errors  # noqa: PLC0415 - heavy, see engine.connect

        self._api = container.client.api  # type: ignore[union-attr]  # set on every container that a list or get returned
        try:
            self._id = self._api.exec_create(container.id, list(argv), stdin=with_stdin)["Id"]
            self._socket: Any = self._api.exec_start(self._id, socket=True)
        except docker.errors.APIError as error:
            raise HostsError(f"`{' '.join(argv)}` cannot be run in {container.name}: {error.explanation}") from None

    def write(self, data: bytes) -> None:
        """Write to the standard input and leave it open. Raises OSError."""
        raw: socket.socket = getattr(self._socket, "_sock", self._socket)
        raw.sendall(data)

    def send(self, data: bytes) -> None:
        """Write the standard input and close it, beside the reading of the output: neither waits for the other."""
        raw: socket.socket = getattr(self._socket, "_sock", self._socket)

        def write() -> None:
            try:
                raw.sendall(data)
                raw.shutdown(socket.SHUT_WR)
            except OSError:
                return  # the command ended without reading it all

        threading.Thread(target=write, name="stdin", daemon=True).start()

    def frames(self) -> Iterator[tuple[int, bytes]]:
        from docker.utils.socket import frames_iter  # noqa: PLC0415 - heavy, see engine.connect

        try:
            yield from frames_iter(self._socket, tty=False)  # type: ignore[no-untyped-call]  # types-docker has none
        finally:
            self._socket.close()

    def is_running(self) -> bool:
        return bool(self._api.exec_inspect(self._id)["Running"])

    def exit_code(self) -> int:
        # The stream can end a moment before the engine has noted how the command ended.
        while self.is_running():
            time.sleep(0.005)
        return int(self._api.exec_inspect(self._id)["ExitCode"])
