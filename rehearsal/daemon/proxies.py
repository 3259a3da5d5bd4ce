"""Keeps a user's HTTP proxy out of the way to the endpoint, which is on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.daemon.state import LOCAL

if TYPE_CHECKING:
    from collections.abc import Mapping


def past_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that let clients reach the endpoint without a proxy, whatever `environment` says of proxies.

    Both spellings get the hosts of both: a client reads one of them, and which one differs from client to client.
    """
    listed = ",".join(environment.get(name, "") for name in ("no_proxy", "NO_PROXY"))
    hosts = [host.strip() for host in listed.split(",")]
    joined = ",".join(dict.fromkeys([*filter(None, hosts), LOCAL]))
    return {"NO_PROXY": joined, "no_proxy": joined}
