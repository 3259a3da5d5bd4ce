"""Where a step's output goes: files that keep all of it, and the beginning of it for the reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rehearsal.agent.results import MAX_REPLY_BYTES, Status

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class Stream:
    """`<name>` holds everything; `<name>Console` what a reply can hold. Both append, so a reboot loses nothing."""

    def __init__(self, folder: Path, name: str) -> None:
        self._console_path = folder / f"{name}Console"
        self._file = (folder / name).open("ab")
        self._console = self._console_path.open("ab")

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()
        room = MAX_REPLY_BYTES - self._console.tell()
        if room > 0:
            self._console.write(data[:room])
            self._console.flush()

    def beginning(self) -> bytes:
        """Up to 24,000 bytes, of earlier runs of this step too."""
        return self._console_path.read_bytes()[:MAX_REPLY_BYTES]

    def close(self) -> None:
        self._file.close()
        self._console.close()


class StepOutput:
    """What a plugin writes to and marks: both streams, the exit code and the status."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.stdout = Stream(folder, "stdout")
        self.stderr = Stream(folder, "stderr")
        self.code = 0
        self.status = Status.NOT_STARTED

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stdout.close()
        self.stderr.close()

    def info(self, text: str) -> None:
        self.stdout.write(text.encode("utf-8", "surrogateescape"))

    def error(self, text: str) -> None:
        self.stderr.write(text.encode("utf-8", "surrogateescape"))

    def succeed(self) -> None:
        self.code, self.status = 0, Status.SUCCESS

    def fail(self, message: str = "") -> None:
        """Failed, with code 1 unless there is a code already."""
        self.code = self.code or 1
        self.status = Status.FAILED
        if message:
            self.error(message)

    def cancelled(self) -> None:
        self.code, self.status = 1, Status.CANCELLED


def folder_name(text: str) -> str:
    """A step's or action's name as a folder: colons are taken out, separators must not lead elsewhere."""
    name = text.replace(":", "").replace("/", "").replace("\0", "")
    return "" if name in {".", ".."} else name
