"""Security groups as an nftables table in the host's own network namespace.

The table is replaced as a whole in one transaction. Connections live on through that: the kernel keeps track of them
apart from the rules, as EC2 does for connections that its security groups track.
"""

from __future__ import annotations

from ipaddress import IPv4Network, collapse_addresses
from typing import TYPE_CHECKING

from rehearsal.hosts import addresses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rehearsal.cloud.inventory import SecurityRule

MARK = 0xA9FE
"""The mark of packets to IMDS: 169.254 in hexadecimal. It is also the number of their routing table."""

_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp"}
_ANY_PORT = range(65536)
_EVERYWHERE = IPv4Network("0.0.0.0/0")


def table(rules: Iterable[SecurityRule], endpoint_port: int) -> str:
    """Return input for `nft -f` that makes a host obey `rules`; what no rule lets through is dropped without an answer.

    IMDS is reachable under any rules, as in EC2: packets to it are marked (a route of their own leads them out, even
    from a host without a default route) and sent on to the endpoint.
    """
    known = tuple(rules)
    ingress = "\n".join(f"        {line}" for line in _lines(known, "ingress"))
    egress = "\n".join(f"        {line}" for line in _lines(known, "egress"))
    imds = f"ip daddr {addresses.IMDS} tcp dport 80"
    return f"""table inet rehearsal
delete table inet rehearsal
table inet rehearsal {{
    chain ingress {{
        type filter hook input priority filter; policy drop;
        iifname "lo" accept
        ct state established,related accept
{ingress}
    }}
    chain egress {{
        type filter hook output priority filter; policy drop;
        oifname "lo" accept
        ct state established,related accept
        meta mark {MARK:#x} accept
{egress}
    }}
    chain imds_route {{
        type route hook output priority mangle;
        {imds} meta mark set {MARK:#x}
    }}
    chain imds_address {{
        type nat hook output priority -100;
        {imds} dnat ip to {addresses.ENDPOINT}:{endpoint_port}
    }}
}}
"""


def _lines(rules: Iterable[SecurityRule], direction: str) -> Iterator[str]:
    field = "saddr" if direction == "ingress" else "daddr"
    for rule in rules:
        if rule.direction == direction and rule.cidrs:
            parts = [_addresses(rule.cidrs, field), _traffic(rule), "accept"]
            yield " ".join(part for part in parts if part)


def _addresses(cidrs: Iterable[str], field: str) -> str:
    # nftables refuses sets whose members overlap; two groups of one host may well do.
    networks = list(collapse_addresses(IPv4Network(cidr, strict=False) for cidr in cidrs))
    if networks == [_EVERYWHERE]:
        return "meta nfproto ipv4"
    return f"ip {field} {{ {', '.join(str(network) for network in networks)} }}"


def _traffic(rule: SecurityRule) -> str:
    protocol = _PROTOCOLS.get(rule.protocol, rule.protocol)
    if protocol == "-1":
        return ""
    if protocol == "icmp":
        return _icmp(rule)
    if protocol in {"tcp", "udp"}:
        return _ports(protocol, rule)
    return f"ip protocol {int(protocol)}"


def _icmp(rule: SecurityRule) -> str:
    kind, code = rule.from_port, rule.to_port
    if kind is None or kind < 0:
        return "ip protocol icmp"
    if code is None or code < 0:
        return f"icmp type {kind}"
    return f"icmp type {kind} icmp code {code}"


def _ports(protocol: str, rule: SecurityRule) -> str:
    first = rule.from_port if rule.from_port in _ANY_PORT else _ANY_PORT[0]
    last = rule.to_port if rule.to_port in _ANY_PORT else _ANY_PORT[-1]
    if (first, last) == (_ANY_PORT[0], _ANY_PORT[-1]):
        return f"ip protocol {protocol}"
    return f"{protocol} dport {first}" if first == last else f"{protocol} dport {first}-{last}"
