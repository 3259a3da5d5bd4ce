"""`rehearse down`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rehearsal.cli.context import exclusive, settings_option
from rehearsal.cli.progress import Progress
from rehearsal.cli.take_down import take_down

if TYPE_CHECKING:
    from rehearsal.settings import Settings


@click.command("down")
@settings_option
def down_command(settings: Settings) -> None:
    """Take everything down: hosts, networks, volumes, the endpoint. Leaves the images and the last report.

    Touches only what carries this checkout's label, and the process that it started itself. Works after a crash, and
    on nothing.

    Exit codes: 0 nothing is left; 1 something could not be removed, or another command is at work; 2 there is no
    rehearsal.toml here, or none that can be read.
    """
    progress = Progress()
    with exclusive(settings), progress.phase("Taking the rehearsal down"):
        take_down(settings, progress)
