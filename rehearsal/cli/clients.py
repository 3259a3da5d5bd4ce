"""How AWS clients reach the rehearsal: boto3's, and the environment of any other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rehearsal.cli.problems import Rejection

if TYPE_CHECKING:
    from rehearsal.daemon.state import State
    from rehearsal.scenarios.aws import Aws
    from rehearsal.settings import Settings


def running_state(settings: Settings) -> State:
    """The state of the rehearsal that is up, or a Problem that says how to bring it up."""
    from rehearsal.daemon.state import State  # noqa: PLC0415 - `--help` needs none of it

    state = State.read(settings.state_folder)
    if state is None or not state.is_alive():
        raise Rejection("no rehearsal is up in this checkout", next_step="./rehearse up")
    return state


def aws(state: State) -> Aws:
    from rehearsal.scenarios.aws import Aws  # noqa: PLC0415 - boto3 takes half a second

    return Aws(
        region=state.region,
        endpoint_url=state.endpoint,
        access_key_id=state.access_key_id,
        secret_access_key=state.secret_access_key,
    )


def client_variables(state: State) -> dict[str, str]:
    """What makes an AWS client talk to the rehearsal, as every SDK reads it."""
    return {
        "AWS_ENDPOINT_URL": state.endpoint,
        "AWS_ACCESS_KEY_ID": state.access_key_id,
        "AWS_SECRET_ACCESS_KEY": state.secret_access_key,
        "AWS_DEFAULT_REGION": state.region,
        "AWS_REGION": state.region,
    }


# What would take precedence over client_variables, or send a call elsewhere.
HIDDEN_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN")


def command_environment(state: State) -> dict[str, str]:
    """The environment for an AWS command line that must not be led elsewhere by the user's own configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    own = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_PAGER": ""}
    return {**kept, **client_variables(state), **own}
