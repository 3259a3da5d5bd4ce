"""`rehearse up`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rehearsal.cli.bring_up import bring_up
from rehearsal.cli.context import VariantCommand, exclusive, tick_option
from rehearsal.cli.progress import Progress

if TYPE_CHECKING:
    from rehearsal.settings import Settings


@click.command("up", cls=VariantCommand)
@click.option("--keep", is_flag=True, help="Leave everything as it is when a stack fails, to look at the hosts.")
@tick_option
def up_command(settings: Settings, variant: dict[str, str], *, keep: bool, tick_seconds: float | None) -> None:
    """Start the cloud and its hosts, deploy the stacks, and leave it up.

    Renders the templates, prepares the images (minutes the first time, seconds later), starts the endpoint on
    127.0.0.1 in the background, and deploys each stack of rehearsal.toml with `aws cloudformation deploy`. Stack events
    and, when a host's bootstrap fails, everything that it wrote are shown. On a rehearsal that is up it deploys what
    has changed.

    Exit codes: 0 up; 1 it failed, and what was started is taken down again; 2 the settings or templates cannot be used.
    """
    progress = Progress()
    with exclusive(settings):
        up = bring_up(settings, variant, progress, keep_failed=keep, tick_seconds=tick_seconds)
        with progress.phase("Waiting for the AWS CLI's own word"):
            up.confirm()
    click.echo(
        f'Up at {up.state.endpoint}. Next: eval "$(./rehearse env)"; ./rehearse status; ./rehearse down', err=True
    )
