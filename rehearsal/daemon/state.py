"""`state.json`: what is known of the rehearsal that runs, written by its daemon and read by every command."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

STATE_FILE = "state.json"
LOCAL = "127.0.0.1"  # where the endpoint answers the user


@dataclass(frozen=True)
class State:
    """A daemon and where it answers. `process_started` tells it from a later process with the same number."""

    project: str
    pid: int
    process_started: int
    endpoint: str
    region: str
    account_id: str
    access_key_id: str
    secret_access_key: str
    variant: dict[str, str] = field(default_factory=dict)
    tick_seconds: float = 60.0
    """How long a minute of schedules and alarms lasts."""
    is_deployed: bool = False
    """Whether every stack was deployed: the rehearsal is fit for use."""

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The state in a folder; None when there is none, or none that can be understood."""
        try:
            state = cls(**json.loads((folder / STATE_FILE).read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError, RecursionError):
            return None
        names_a_process = isinstance(state.pid, int) and isinstance(state.process_started, int)
        return state if names_a_process else None

    def write(self, folder: Path) -> None:
        """Replace the file at once, readable by its owner alone."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / STATE_FILE
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        temporary.replace(path)

    def is_alive(self) -> bool:
        """Whether the daemon runs: a process of that number that started when the daemon did."""
        return still_runs(self.pid, self.process_started)


def forget(folder: Path) -> None:
    (folder / STATE_FILE).unlink(missing_ok=True)


def daemons_of(settings_path: Path) -> list[tuple[int, int]]:
    """The daemons of a rehearsal.toml that run, as (process number, start), whether or not a state tells of them.

    Another user's processes cannot be told from others.
    """
    command = [b"-m", b"rehearsal.daemon", os.fsencode(settings_path)]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        started = process_started(int(folder.name))
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended, or is another user's
        if started is not None and words[1:4] == command:
            found.append((int(folder.name), started))
    return sorted(found, key=lambda process: process[1])


def still_runs(pid: int, started: int) -> bool:
    """Whether the process of that number is the one that started then: numbers are used again."""
    return process_started(pid) == started


def process_started(pid: int) -> int | None:
    """When a process started, in clock ticks since the machine did (proc(5), `stat` field 22); None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])
