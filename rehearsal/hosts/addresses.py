"""The addresses of a rehearsal: docs/architecture.md, "Network of a rehearsal"."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

OUTSIDE: Final = IPv4Network("198.51.100.0/24")  # TEST-NET-2
ENDPOINT: Final = IPv4Address("198.51.100.1")
"""Where the machine that runs the rehearsal is on the outside: the cloud's endpoint answers there."""
INTERNET: Final = IPv4Address("198.51.100.2")
CLIENTS: Final = tuple(IPv4Address(f"198.51.100.{last}") for last in range(10, 14))
"""Further addresses of the outside, for probes that have to come from somewhere else."""
ELASTIC: Final = IPv4Network("203.0.113.0/24")  # TEST-NET-3
IMDS: Final = IPv4Address("169.254.169.254")

ENDPOINT_PORT_ON_HOSTS: Final = 443
"""The port of AWS's endpoints, which security groups leave open; plain HTTP here."""


@dataclass(frozen=True)
class VpcAddresses:
    """The two addresses of a VPC's network that belong to the rehearsal."""

    network: IPv4Network
    gateway: IPv4Address
    """The machine that runs the rehearsal, which answers for IMDS."""
    router: IPv4Address
    """The outside's container, in the part of internet gateway and NAT gateway."""


def of_vpc(cidr: str) -> VpcAddresses:
    """Return the addresses for a VPC; its last usable one is the router, the one before it the gateway."""
    network = IPv4Network(cidr)
    last = network.broadcast_address
    return VpcAddresses(network=network, gateway=last - 2, router=last - 1)


def host_name(private_ip: str) -> str:
    """Return the host name that EC2 gives a host by its address."""
    return f"ip-{private_ip.replace('.', '-')}"
