"""`rehearse env`: lines for the shell that make any AWS client talk to the rehearsal."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from rehearsal.cli.clients import client_variables, hidden_variables, running_state
from rehearsal.cli.context import settings_option

if TYPE_CHECKING:
    from rehearsal.settings import Settings


@click.command("env")
@settings_option
def env_command(settings: Settings) -> None:
    """Print export lines for any AWS client.

    \b
      eval "$(./rehearse env)"
      aws cloudformation describe-stacks

    For bash, zsh and any other POSIX shell. The keys are the rehearsal's own and open nothing elsewhere. What would win
    over them or over the endpoint is unset: AWS_PROFILE, AWS_SESSION_TOKEN, every AWS_ENDPOINT_URL_… of a single
    service. NO_PROXY gets the endpoint's address.

    Exit codes: 0 the lines are printed; 2 no rehearsal is up.
    """  # noqa: D301 - \b is the character that click keeps lines by, so the text may not be raw
    state = running_state(settings)
    for name in hidden_variables():
        click.echo(f"unset {name}")
    for name, value in client_variables(state).items():
        click.echo(f"export {name}={shlex.quote(value)}")
