"""What a child process is given to reach this endpoint as somebody: an execution's script, a function."""

from __future__ import annotations

from typing import Protocol


class Signing(Protocol):
    """What a client signs with; the token is empty where there is none."""

    @property
    def access_key_id(self) -> str: ...
    @property
    def secret_access_key(self) -> str: ...
    @property
    def session_token(self) -> str: ...


def client_environment(credentials: Signing, region: str, url: str) -> dict[str, str]:
    """Return the variables that AWS's SDKs read credentials, Region and endpoint from."""
    variables = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": url,
    }
    return {name: value for name, value in variables.items() if value}
