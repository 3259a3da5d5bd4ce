"""`rehearse plan`: the command of rehearsal.documents, with the library of rehearsal.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rehearsal.cli.context import find_settings
from rehearsal.cli.problems import Problem
from rehearsal.documents.commands import plan

if TYPE_CHECKING:
    from pathlib import Path


class LibraryCommand(click.Command):
    """A command whose `library` is that of rehearsal.toml, wherever below it the command is called."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        return super().make_context(info_name, args, parent, default_map=_defaults(), **extra)


def _defaults() -> dict[str, Path]:
    try:
        return {"library": find_settings().documents}
    except Problem:
        return {}  # a file can be planned anywhere, and what is not found by name is said to be missing


plan_command = LibraryCommand(name="plan", callback=plan.callback, params=plan.params, help=plan.help)
