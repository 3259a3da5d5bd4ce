"""A group of commands whose modules are imported only when they are called: help has to be quick."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class LazyCommand:
    """Where a command is, and its line in the group's help."""

    module: str
    attribute: str
    short_help: str


class LazyGroup(click.Group):
    """A click group over LazyCommands, shown in the order they are given in."""

    lazy_commands: Mapping[str, LazyCommand]

    def __init__(self, *, lazy_commands: Mapping[str, LazyCommand], **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # click's own options, passed on as they are
        self.lazy_commands = lazy_commands

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.lazy_commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        lazy = self.lazy_commands.get(cmd_name)
        if lazy is None:
            return None
        command = getattr(importlib.import_module(lazy.module), lazy.attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{lazy.module}.{lazy.attribute} is no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.short_help) for name, lazy in self.lazy_commands.items()])
