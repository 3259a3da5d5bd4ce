"""Where a step's output goes: files that keep all of it, and the beginning of it for the reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rehearsal.agent.results import MAX_REPLY_BYTES, Status

if TYPE_CHECKING:
    from io import RawIOBase
    from pathlib import Path
    from types import TracebackType


class Stream:
    """`<name>` holds everything; `<name>Console` what a reply can hold. Both append, so a reboot loses nothing.

    A disk that fills up meanwhile costs the files, not the step: the beginning is kept in memory too.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._file = (folder / name).open("ab", buffering=0)
        self._console = (folder / f"{name}Console").open("a+b", buffering=0)
        self._console.seek(0)
        self._beginning = self._console.read(MAX_REPLY_BYTES)
        self.error: OSError | None = None

    def write(self, data: bytes) -> None:
        shown = data[: MAX_REPLY_BYTES - len(self._beginning)]
        self._beginning += shown
        try:
            _write_all(self._file, data)
            _write_all(self._console, shown)
        except OSError as error:
            self.error = error

    def beginning(self) -> bytes:
        """Up to 24,000 bytes, of earlier runs of this step too."""
        return self._beginning

    def close(self) -> None:
        self._file.close()
        self._console.close()


def _write_all(file: RawIOBase, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) or 0 :]


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
