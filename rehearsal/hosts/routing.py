"""The outside's container as internet gateway and NAT gateway of every VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.hosts import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.cloud.inventory import HostSpec, Snapshot

_END = "END_OF_FILE"


def script(snapshot: Snapshot, names: str, endpoint_port: int) -> str:
    """Return the shell script that makes the container route for all hosts of a snapshot; running it again is safe."""
    clients = "\n".join(
        f'ip address replace {address}/{addresses.OUTSIDE.prefixlen} dev "$outside"' for address in addresses.CLIENTS
    )
    return f"""set -eu
outside="$(ip -o -4 address | awk '$4 == "{addresses.INTERNET}/{addresses.OUTSIDE.prefixlen}" {{ print $2 }}')"
ip route replace default via {addresses.ENDPOINT} dev "$outside" src {addresses.INTERNET}
{clients}
nft -f - <<'{_END}'
{table(snapshot, endpoint_port)}{_END}
cat > /etc/hosts <<'{_END}'
{names}{_END}
echo '# Names are in /etc/hosts.' > /etc/resolv.conf
"""


def table(snapshot: Snapshot, endpoint_port: int) -> str:
    """Return input for `nft -f` with the address translation of all hosts that have a way out.

    A public address stands for one private address in both directions; private hosts share their NAT gateway's address
    on the way out. Nothing leads to the real internet.
    """
    hosts = [host for host in snapshot.hosts if host.state not in {"stopped", "shutting-down", "terminated"}]
    public = [host for host in hosts if host.egress == "PUBLIC" and host.public_ip]
    inward = "\n".join(f"        ip daddr {host.public_ip} dnat to {host.private_ip}" for host in public)
    endpoint = (
        f"        ip daddr {addresses.ENDPOINT} tcp dport {addresses.ENDPOINT_PORT_ON_HOSTS} "
        f"dnat to {addresses.ENDPOINT}:{endpoint_port}"
    )
    outward = "\n".join(f"        {line}" for line in _outward(hosts))
    return f"""table ip rehearsal
delete table ip rehearsal
table ip rehearsal {{
    chain inward {{
        type nat hook prerouting priority dstnat;
{endpoint}
{inward}
    }}
    chain inward_from_here {{
        type nat hook output priority -100;
{inward}
    }}
    chain outward {{
        type nat hook postrouting priority srcnat;
        ip daddr {addresses.ENDPOINT} snat to {addresses.INTERNET}
{outward}
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        ct status dnat accept
        ip daddr {addresses.OUTSIDE} accept
        reject with icmp host-unreachable
    }}
    chain nowhere {{
        type filter hook output priority filter;
        ip daddr {addresses.ELASTIC} reject with icmp host-unreachable
    }}
}}
"""


def _outward(hosts: list[HostSpec]) -> Iterator[str]:
    for host in hosts:
        address = host.public_ip if host.egress == "PUBLIC" else host.egress_ip
        if host.egress != "NONE" and address:
            yield f"ip saddr {host.private_ip} snat to {address}"
