"""What the hosts of a rehearsal may know of EC2: the desired state, and how to report what is true.

The package `rehearsal.hosts` imports this module and no other of the cloud. EC2's inventory is the desired state;
whoever runs the machines reads snapshots, makes the machines agree, and reports back. Until it reports,
`DescribeInstances` goes on answering `pending`, `stopping` or `shutting-down`, because that is what is true.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.cloud.ec2.backend import HostedEc2Backend

InstanceState = Literal["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]
HostState = Literal["running", "stopped", "terminated", "impaired"]

POLL_SECONDS = 0.2  # how soon a change shows that nobody announced by `touch`


class Egress(StrEnum):
    """How a host's traffic leaves its VPC: the consequence of its subnet's default route."""

    NONE = "NONE"
    PUBLIC = "PUBLIC"  # through an internet gateway, under the host's own public address
    NAT = "NAT"  # through a NAT gateway, under the gateway's Elastic IP


@dataclass(frozen=True)
class Vpc:
    """A VPC that needs a network: `cidr` is its primary IPv4 block."""

    vpc_id: str
    cidr: str


@dataclass(frozen=True)
class SecurityRule:
    """One rule of the security groups of a host.

    `protocol` is `tcp`, `udp`, `icmp`, another IP protocol number, or `-1` for all. For `icmp` the two ports are
    type and code, -1 meaning any. `cidrs` are IPv4; a reference to a group stands resolved to its members as /32.
    """

    direction: Literal["ingress", "egress"]
    protocol: str
    from_port: int | None
    to_port: int | None
    cidrs: tuple[str, ...]


@dataclass(frozen=True)
class Volume:
    """A volume attached to a host, the root volume left out: a host's root is its image."""

    volume_id: str
    device: str
    size_gib: int


@dataclass(frozen=True)
class HostSpec:
    """One EC2 instance as a machine should be.

    `boot` counts RebootInstances; a host whose machine booted under a smaller number is to be rebooted.
    `tags` and `name` change while a host runs and ask for nothing.
    """

    instance_id: str
    name: str
    state: InstanceState
    image_id: str
    instance_type: str
    vpc_id: str
    subnet_id: str
    private_ip: str
    public_ip: str | None
    egress: Egress
    egress_ip: str | None
    rules: tuple[SecurityRule, ...]
    volumes: tuple[Volume, ...]
    tags: Mapping[str, str] = field(hash=False)
    boot: int = 0


@dataclass(frozen=True)
class Snapshot:
    """All hosts at one moment; `version` rises whenever anything in it has changed."""

    version: int
    vpcs: tuple[Vpc, ...]
    hosts: tuple[HostSpec, ...]


class Inventory(Protocol):
    """The seam between the cloud and whoever runs its machines."""

    def snapshot(self) -> Snapshot:
        """Return the desired state now."""

    def wait(self, after_version: int, timeout_seconds: float) -> Snapshot:
        """Return as soon as the version is above `after_version`, at the latest after the timeout."""

    def report(self, instance_id: str, state: HostState, detail: str = "") -> None:
        """Say what a machine is: completes `pending`, `stopping` and `shutting-down`; unknown instances are ignored."""


class Ec2Inventory:
    """The inventory of moto's EC2 backend of one account and Region.

    With `instant`, nobody runs machines: instances complete every transition at once (unit tests, conformance tests).
    """

    def __init__(self, backend: HostedEc2Backend, *, instant: bool = False) -> None:
        self._backend = backend
        backend.instant_hosts = instant
        self._changed = threading.Condition()
        self._last = Snapshot(version=0, vpcs=(), hosts=())

    def snapshot(self) -> Snapshot:
        """Return the desired state now, under a higher version when it differs from the last one returned."""
        from rehearsal.cloud.ec2.topology import describe_hosts, describe_vpcs  # noqa: PLC0415 - moto loads slowly

        with self._changed:
            hosts = describe_hosts(self._backend)
            vpcs = describe_vpcs(self._backend, hosts)
            if (vpcs, hosts) != (self._last.vpcs, self._last.hosts) or self._last.version == 0:
                self._last = Snapshot(self._last.version + 1, vpcs, hosts)
                self._changed.notify_all()
            return self._last

    def wait(self, after_version: int, timeout_seconds: float) -> Snapshot:
        """Return as soon as the version is above `after_version`, at the latest after `timeout_seconds`."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            current = self.snapshot()
            remaining = deadline - time.monotonic()
            if current.version > after_version or remaining <= 0:
                return current
            with self._changed:
                self._changed.wait(min(POLL_SECONDS, remaining))

    def touch(self) -> None:
        """Wake those who wait: a call that may have changed something has been answered."""
        with self._changed:
            self._changed.notify_all()

    def report(self, instance_id: str, state: HostState, detail: str = "") -> None:
        """Say what a machine is. A report that the instance's state does not wait for changes nothing."""
        self._backend.report_host(instance_id, state, detail)
        self.touch()
