"""Who is called what: the /etc/hosts of hosts and of the outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.hosts import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.cloud.inventory import HostSpec, Snapshot
    from rehearsal.settings import Settings

_LOCAL = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"


def of_host(snapshot: Snapshot, settings: Settings, host: HostSpec) -> str:
    """Return the /etc/hosts of a host: the hosts of its VPC by EC2's names, and the names of the outside."""
    lines = [f"{record}\n" for record in _private(snapshot, settings, host.vpc_id)]
    return _LOCAL + "".join(lines) + of_outside(snapshot, settings).removeprefix(_LOCAL)


def of_outside(snapshot: Snapshot, settings: Settings) -> str:
    """Return the /etc/hosts of the outside: its servers, and the configured names of hosts with public addresses."""
    lines = [f"{addresses.INTERNET} {settings.outside.acme_host} {settings.outside.git_host}"]
    for name in settings.outside.names:
        lines += [f"{host.public_ip} {name.name}" for host in _named(snapshot, name.tag, name.value)]
    return _LOCAL + "".join(f"{line}\n" for line in lines)


def _private(snapshot: Snapshot, settings: Settings, vpc_id: str) -> Iterator[str]:
    region = settings.cloud.region
    # N. Virginia's names are older than the scheme of all other Regions.
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    for host in snapshot.hosts:
        if host.vpc_id == vpc_id and host.state != "terminated":
            name = addresses.host_name(host.private_ip)
            yield f"{host.private_ip} {name}.{domain} {name}"


def _named(snapshot: Snapshot, tag: str, value: str) -> Iterator[HostSpec]:
    for host in snapshot.hosts:
        if host.public_ip and host.tags.get(tag) == value and host.state not in {"shutting-down", "terminated"}:
            yield host
