"""The networks of a rehearsal in the engine: the outside, and one for each VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.hosts import addresses
from rehearsal.hosts.errors import HostsError, OtherRehearsalError
from rehearsal.hosts.labels import PROJECT, ROOT, VPC, labels, of_project

if TYPE_CHECKING:
    from collections.abc import Iterable

    import docker
    from docker.models.containers import Container
    from docker.models.networks import Network

    from rehearsal.cloud.inventory import Vpc
    from rehearsal.settings import Settings

OUTSIDE = "outside"


def network_name(settings: Settings, what: str) -> str:
    """Return the name of the network of the outside (`OUTSIDE`) or of a VPC (its id)."""
    return f"{settings.project}-{what}"


def refuse_another_rehearsal(client: docker.DockerClient, settings: Settings) -> None:
    """Raise OtherRehearsalError, naming it, when another checkout's rehearsal is on this engine."""
    for network in client.networks.list(filters={"label": PROJECT}):
        marks = network.attrs.get("Labels") or {}
        other = marks.get(PROJECT)
        if other != settings.project:
            root = marks.get(ROOT, "an unknown folder")
            raise OtherRehearsalError(
                f"the rehearsal of {root} is on this Docker engine, and their addresses would collide. Run "
                f"`./rehearse down` in {root}; if that folder is gone, run "
                f"`docker ps -aq --filter label={PROJECT}={other} | xargs -r docker rm -f` and "
                f"`docker network prune -f --filter label={PROJECT}={other}`."
            )


def ensure_outside(client: docker.DockerClient, settings: Settings) -> Network:
    """Return the outside's network, made where it is missing. It is internal: nothing leads on to the real internet."""
    name = network_name(settings, OUTSIDE)
    found = _find(client, settings, name)
    return found or _create(
        client, settings, name, str(addresses.OUTSIDE), str(addresses.ENDPOINT), internal=True, extra={}
    )


def ensure_vpc(client: docker.DockerClient, settings: Settings, vpc: Vpc, router: Container) -> Network:
    """Return the network of a VPC, made where it is missing, with the outside's container on it."""
    place = addresses.of_vpc(vpc.cidr)
    name = network_name(settings, vpc.vpc_id)
    # Not internal, since Docker would then drop packets between members that come from outside of the VPC where the
    # kernel filters bridged packets. It has no masquerading instead, and hosts no route through it.
    network = _find(client, settings, name) or _create(
        client, settings, name, str(place.network), str(place.gateway), internal=False, extra={"vpc": vpc.vpc_id}
    )
    router.reload()
    if name not in router.attrs["NetworkSettings"]["Networks"]:
        network.connect(router, ipv4_address=str(place.router))
    return network


def remove_vpcs_except(client: docker.DockerClient, settings: Settings, wanted: Iterable[str]) -> None:
    """Remove the networks of VPCs that are no more, once nothing but the router is on them."""
    keep = set(wanted)
    for network in client.networks.list(filters=of_project(settings, "network")):
        vpc_id = (network.attrs.get("Labels") or {}).get(VPC)
        if vpc_id and vpc_id not in keep:
            remove(network)


def remove(network: Network) -> None:
    """Remove a network, taking the containers that are still on it off it."""
    import docker.errors  # noqa: PLC0415 - heavy, see engine.connect

    try:
        network.reload()
        for container in network.containers:
            network.disconnect(container, force=True)
        network.remove()
    except docker.errors.NotFound:
        return


def _find(client: docker.DockerClient, settings: Settings, name: str) -> Network | None:
    found = client.networks.list(names=[name], filters=of_project(settings, "network"))
    return next((network for network in found if network.name == name), None)


def _create(
    client: docker.DockerClient,
    settings: Settings,
    name: str,
    subnet: str,
    gateway: str,
    *,
    internal: bool,
    extra: dict[str, str],
) -> Network:
    import docker.errors  # noqa: PLC0415 - heavy, see engine.connect
    from docker.types import IPAMConfig, IPAMPool  # noqa: PLC0415

    try:
        return client.networks.create(
            name,
            driver="bridge",
            internal=internal,
            ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=subnet, gateway=gateway)]),
            options={"com.docker.network.bridge.enable_ip_masquerade": "false"},
            labels=labels(settings, "network", **extra),
            check_duplicate=True,
        )
    except docker.errors.APIError as error:
        raise HostsError(
            f"the network {subnet} cannot be made: {error.explanation}. Another network of this machine probably has "
            "these addresses; `docker network ls` and `ip route` show which."
        ) from None
