"""`rehearse env`: lines for the shell that make any AWS client talk to the rehearsal."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from rehearsal.cli.clients import HIDDEN_VARIABLES, client_variables, running_state
from rehearsal.cli.context import settings_option

if TYPE_CHECKING:
    from rehearsal.settings import Settings


@click.command("env")
@settings_option
def env_command(settings: Settings) -> None:
    r"""Print export lines for any AWS client.

    \b
      eval "$(./rehearse env)"
      aws cloudformation describe-stacks

    For bash, zsh and any other POSIX shell. The keys are the rehearsal's own and open nothing elsewhere. AWS_PROFILE
    and AWS_SESSION_TOKEN are unset, because they would win over the keys. Exit code 2 when no rehearsal is up.
    """
    state = running_state(settings)
    for name in HIDDEN_VARIABLES:
        click.echo(f"unset {name}")
    for name, value in client_variables(state).items():
        click.echo(f"export {name}={shlex.quote(value)}")
