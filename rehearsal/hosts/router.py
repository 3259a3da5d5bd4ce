"""Keeps the outside's container routing for what EC2 lists."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rehearsal.hosts import execution, internet, names, networks, routing
from rehearsal.hosts.errors import HostsError

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

    from rehearsal.cloud.inventory import Snapshot, Vpc
    from rehearsal.settings import Settings

log = logging.getLogger(__name__)


class Router:
    """The outside's container, with an interface in every VPC."""

    def __init__(
        self, client: docker.DockerClient, settings: Settings, container: Container, endpoint_port: int
    ) -> None:
        self._client = client
        self._settings = settings
        self._container = container
        self._endpoint_port = endpoint_port
        self._applied: tuple[str, str] | None = None
        self._refused: dict[str, str] = {}
        self._vpcs: set[str] | None = None

    def follow(self, snapshot: Snapshot) -> None:
        """Make the networks of all VPCs, and route and name what the snapshot holds.

        A VPC whose network cannot be had is left out, and the log says why. Raises HostsError when the container fails.
        """
        wanted = {vpc.vpc_id for vpc in snapshot.vpcs}
        if wanted != self._vpcs:
            # First of all: a network of a VPC that is no more would hold the addresses that a new one asks for.
            networks.remove_vpcs_except(self._client, self._settings, wanted)
            self._vpcs = wanted
        for vpc in snapshot.vpcs:
            self._connect(vpc)
        listed = names.of_outside(snapshot, self._settings)
        script = routing.script(snapshot, listed, self._endpoint_port)
        self._container.reload()
        started = str(self._container.attrs["State"]["StartedAt"])
        if self._applied == (started, script):
            return
        if self._applied is not None and self._applied[0] != started:
            log.warning("the outside ended and was started again; hosts do not trust its ACME server's new certificate")
            internet.wait_until_ready(self._container)
        done = execution.run(self._container, ["sh", "-c", script], timeout_seconds=20)
        if done.code != 0:
            raise HostsError(f"the outside cannot route: {done.stderr.strip()}")
        self._applied = (started, script)

    def _connect(self, vpc: Vpc) -> None:
        try:
            networks.ensure_vpc(self._client, self._settings, vpc, self._container)
            self._refused.pop(vpc.vpc_id, None)
        except HostsError as error:
            if self._refused.get(vpc.vpc_id) != str(error):
                log.warning("%s has no network: %s", vpc.vpc_id, error)
            self._refused[vpc.vpc_id] = str(error)
