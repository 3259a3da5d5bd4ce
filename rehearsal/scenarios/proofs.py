"""What a scenario may want shown beside the run itself: what it replaces, where it may be stopped, what detects it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AbortBy = Literal["stop", "kill-agent"]
AlarmState = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]

WITHIN_TICKS = 2
ACTION_KINDS = ("host", "runbook", "aws")


@dataclass(frozen=True)
class Action:
    """Something to be done around a run: a command on a host, a runbook, or a call of an AWS API."""

    kind: str
    settings: Mapping[str, Any]

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> Action:
        kind = next(kind for kind in ACTION_KINDS if kind in raw)
        return cls(kind, raw[kind])


@dataclass(frozen=True)
class HostCommand:
    """A shell command, as root, on the host with that name."""

    at: str
    command: str

    @classmethod
    def from_raw(cls, raw: str | Mapping[str, str], host: str | None, where: str) -> HostCommand:
        """`raw` is a mapping of both, or the command alone, for `host`. Raises ScenarioError when no host is named."""
        if not isinstance(raw, str):
            return cls(raw["at"], raw["command"])
        if host is None:
            raise ScenarioError(f"{where}: a command says no host (at:), and there is no host: for those that say none")
        return cls(host, raw)


@dataclass(frozen=True)
class Former:
    """A system as it was before there were runbooks, put up beside the present one and taken down again."""

    setup: tuple[HostCommand, ...] = ()
    teardown: tuple[HostCommand, ...] = ()

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any], host: str | None, where: str) -> Former:
        def commands(key: str) -> tuple[HostCommand, ...]:
            return tuple(HostCommand.from_raw(item, host, f"{where}: {key}") for item in raw.get(key, ()))

        return cls(commands("setup"), commands("teardown"))


@dataclass(frozen=True)
class Baseline:
    """What people did before there was the runbook, measured under the same load.

    `former` are set up in this order and taken down in the opposite one; the last is the scenario's own.
    """

    description: str
    commands: tuple[HostCommand, ...]
    former: tuple[Former, ...] = ()

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any], formers: Mapping[str, Former], path: Path) -> Baseline:
        where = f"{path}: baseline"
        named = raw.get("former", ())
        if unknown := [name for name in named if name not in formers]:
            defined = ", ".join(sorted(formers)) or "none"
            raise ScenarioError(f"{where}: former {', '.join(unknown)} is not defined; there are {defined}")
        host = raw.get("host")
        commands = raw["commands"] if "commands" in raw else [raw["command"]]
        own = Former.from_mapping(raw, host, where)
        return cls(
            raw["description"],
            tuple(HostCommand.from_raw(command, host, where) for command in commands),
            (*(formers[name] for name in named), own),
        )


@dataclass(frozen=True)
class Abort:
    """The runbook is aborted at each of its steps, once in each of these ways; `before` is done ahead of each.

    `parameters` take the place of the scenario's own where they would only make every run take longer.
    """

    by: tuple[AbortBy, ...] = ("stop",)
    before: tuple[Action, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_raw(cls, raw: str | Mapping[str, Any]) -> Abort:
        if isinstance(raw, str):
            return cls()
        before = tuple(Action.from_mapping(item) for item in raw.get("before", ()))
        return cls(tuple(raw.get("by", ("stop",))), before, raw.get("parameters", {}))


@dataclass(frozen=True)
class Notice:
    """A notification that an alarm is to send."""

    alarm: str
    state: AlarmState


@dataclass(frozen=True)
class Detection:
    """Who has to notice the fault that the runbook injects, how soon, and whom they have to tell.

    The fault begins with `fault_step`, or at the moment (ISO 8601) that its command tells under `fault_key` in the JSON
    of its last line; it is undone when `undo_step` ends. `alarms` are names, or beginnings of names
    with a `*` behind. Without `notifications`, each alarm has to tell `topic` of ALARM and then of OK.
    """

    fault_step: str
    undo_step: str
    alarms: tuple[str, ...]
    topic: str | None
    notifications: tuple[Notice, ...]
    within_ticks: float = WITHIN_TICKS
    fault_key: str | None = None

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> Detection:
        return cls(
            fault_step=raw["fault_step"],
            undo_step=raw["undo_step"],
            alarms=tuple(raw["alarms"]),
            topic=raw.get("topic"),
            notifications=tuple(Notice(**item) for item in raw.get("notifications", ())),
            within_ticks=raw.get("within_ticks", WITHIN_TICKS),
            fault_key=raw.get("fault_key"),
        )
