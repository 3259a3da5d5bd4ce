"""What an agent keeps on disk, so that commands outlive its restart and the host's.

<data>/<instance>/document/state/{pending,current,completed,corrupt}/<command>   one JSON file a command
<data>/<instance>/document/orchestration/<command>/                              scripts and their output
<data>/<instance>/channels/<command>/                                            from worker to agent and back
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.agent.messages import Command, OutputTargets
from rehearsal.agent.results import Status, StepResult

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEPT_COMPLETED = 200
# Files of a channel, besides the numbered results.
CANCEL = "cancel"
COMPLETE = "complete.json"
WORKER = "worker.json"


class Stage(StrEnum):
    PENDING = "pending"
    CURRENT = "current"
    COMPLETED = "completed"
    CORRUPT = "corrupt"


@dataclass(frozen=True)
class WorkerProcess:
    """A process: its start time (clock ticks since boot) tells it from a later one with the same ID."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> WorkerProcess:
        """The process that has this ID now. Raises ProcessLookupError when it has ended."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            raise ProcessLookupError(pid) from None
        if fields[0] in {"Z", "X"}:
            raise ProcessLookupError(pid)
        return cls(pid, int(fields[19]), Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())

    def is_running(self) -> bool:
        try:
            return WorkerProcess.of(self.pid) == self
        except ProcessLookupError:
            return False


@dataclass(frozen=True)
class CommandState:
    """One command's progress. `delivered` names the steps whose result the service has."""

    command: Command
    instance_id: str
    region: str
    created: float
    status: Status = Status.NOT_STARTED
    run_count: int = 0
    results: Mapping[str, StepResult] = field(default_factory=dict)
    delivered: tuple[str, ...] = ()

    def with_result(self, result: StepResult) -> CommandState:
        return replace(self, results={**self.results, result.name: result})

    def resumed(self) -> CommandState:
        return replace(self, run_count=self.run_count + 1)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> CommandState:
        command = value["command"]
        return cls(
            **{
                **value,
                "command": Command(**{**command, "targets": OutputTargets(**command["targets"])}),
                "status": Status(value["status"]),
                "results": {name: StepResult.from_json(one) for name, one in value["results"].items()},
                "delivered": tuple(value["delivered"]),
            }
        )


class Store:
    """The folders of one instance. Files hold parameter values, so only the owner may read them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in [
            *(self._stage(stage) for stage in Stage),
            root / "document" / "orchestration",
            root / "channels",
        ]:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def orchestration(self, command_id: str) -> Path:
        return self.root / "document" / "orchestration" / command_id

    def channel(self, command_id: str) -> Path:
        return self.root / "channels" / command_id

    def save(self, state: CommandState, stage: Stage) -> None:
        write_whole(self._stage(stage) / state.command.command_id, state.to_json())

    def load(self, command_id: str, stage: Stage) -> CommandState:
        """Raises OSError when it is not there and ValueError when it is damaged."""
        text = (self._stage(stage) / command_id).read_text(encoding="utf-8")
        try:
            return CommandState.from_json(json.loads(text))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{stage}/{command_id} is not a command's state: {error}") from None

    def stage_of(self, command_id: str) -> Stage | None:
        return next((stage for stage in Stage if (self._stage(stage) / command_id).exists()), None)

    def list(self, stage: Stage) -> list[str]:
        """Command IDs, the oldest first."""
        files = [path for path in self._stage(stage).iterdir() if not path.name.startswith(".")]
        return [path.name for path in sorted(files, key=lambda path: path.stat().st_mtime)]

    def move(self, command_id: str, source: Stage, destination: Stage) -> None:
        (self._stage(source) / command_id).replace(self._stage(destination) / command_id)

    def finish(self, state: CommandState) -> None:
        """Keep the outcome, without the document and its parameters, and clear what old commands left."""
        emptied = replace(state.command, content=None, parameters={})
        self.save(replace(state, command=emptied), Stage.COMPLETED)
        (self._stage(Stage.CURRENT) / state.command.command_id).unlink(missing_ok=True)
        self.clear_channel(state.command.command_id)
        for command_id in self.list(Stage.COMPLETED)[:-_KEPT_COMPLETED]:
            (self._stage(Stage.COMPLETED) / command_id).unlink(missing_ok=True)
            shutil.rmtree(self.orchestration(command_id), ignore_errors=True)

    def clear_channel(self, command_id: str) -> None:
        shutil.rmtree(self.channel(command_id), ignore_errors=True)

    def _stage(self, stage: Stage) -> Path:
        return self.root / "document" / "state" / stage


def new_state(command: Command, instance_id: str, region: str) -> CommandState:
    return CommandState(command, instance_id, region, time.time())


def write_whole(path: Path, value: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, even when the writer is killed meanwhile."""
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor with its mode set
        json.dump(value, file)
    temporary.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object; None when it is not there (yet) or not whole."""
    with contextlib.suppress(OSError, ValueError):
        value = json.loads(path.read_text(encoding="utf-8"))
        return value if isinstance(value, dict) else None
    return None
