"""How AWS clients reach the rehearsal: boto3's, and the environment of any other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rehearsal.cli.problems import Rejection
from rehearsal.daemon.proxies import past_proxies

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
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",  # an AWS profile can say it too, and the environment wins
        "AWS_ACCESS_KEY_ID": state.access_key_id,
        "AWS_SECRET_ACCESS_KEY": state.secret_access_key,
        "AWS_DEFAULT_REGION": state.region,
        "AWS_REGION": state.region,
        **past_proxies(os.environ),
    }


SERVICE_ENDPOINT = "AWS_ENDPOINT_URL_"
# What would take precedence over client_variables, send a call elsewhere, or let it be refused.
_HIDDEN = (
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"),
    *("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"),
)


def hidden_variables() -> list[str]:
    """What has to be unset beside client_variables: every service may have an endpoint of its own, which wins."""
    return [*_HIDDEN, *sorted(name for name in os.environ if name.startswith(SERVICE_ENDPOINT))]


def command_environment(state: State) -> dict[str, str]:
    """The environment for an AWS command line that must not be led elsewhere by the user's own configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    own = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_PAGER": ""}
    return {**kept, **client_variables(state), **own}
