"""Security groups as nftables rules; the syntax is checked by nft itself where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest

from rehearsal.cloud.inventory import SecurityRule
from rehearsal.hosts import firewall

EVERYWHERE = ("0.0.0.0/0",)


def rule(**values: Any) -> SecurityRule:
    return SecurityRule(
        **{"direction": "ingress", "protocol": "tcp", "from_port": 80, "to_port": 80, "cidrs": EVERYWHERE, **values}
    )


def lines_of(chain: str, *rules: SecurityRule) -> list[str]:
    """The lines of a chain that come of the rules, without those that are always there."""
    table = firewall.table(rules, 4566)
    body = table.split(f"chain {chain} {{")[1].split("}\n    ")[0]
    lines = [line.strip() for line in body.splitlines() if line.strip().endswith("accept")]
    return lines[2:] if chain == "ingress" else lines[3:]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({}, "meta nfproto ipv4 tcp dport 80 accept"),
        ({"to_port": 90}, "meta nfproto ipv4 tcp dport 80-90 accept"),
        ({"protocol": "6"}, "meta nfproto ipv4 tcp dport 80 accept"),
        ({"protocol": "17", "from_port": 53, "to_port": 53}, "meta nfproto ipv4 udp dport 53 accept"),
        ({"from_port": 0, "to_port": 65535}, "meta nfproto ipv4 ip protocol tcp accept"),
        ({"from_port": None, "to_port": None}, "meta nfproto ipv4 ip protocol tcp accept"),
        ({"protocol": "-1", "from_port": None, "to_port": None}, "meta nfproto ipv4 accept"),
        ({"protocol": "icmp", "from_port": -1, "to_port": -1}, "meta nfproto ipv4 ip protocol icmp accept"),
        ({"protocol": "icmp", "from_port": 8, "to_port": -1}, "meta nfproto ipv4 icmp type 8 accept"),
        ({"protocol": "icmp", "from_port": 3, "to_port": 4}, "meta nfproto ipv4 icmp type 3 icmp code 4 accept"),
        ({"protocol": "50", "from_port": None, "to_port": None}, "meta nfproto ipv4 ip protocol 50 accept"),
        ({"cidrs": ("10.0.1.10/32",)}, "ip saddr { 10.0.1.10/32 } tcp dport 80 accept"),
        (
            {"cidrs": ("10.0.0.0/8", "10.0.1.0/24", "192.0.2.7/32")},
            "ip saddr { 10.0.0.0/8, 192.0.2.7/32 } tcp dport 80 accept",
        ),
        ({"cidrs": ("10.0.1.7/24",)}, "ip saddr { 10.0.1.0/24 } tcp dport 80 accept"),
    ],
)
def test_each_form_of_rule(values: dict[str, Any], line: str) -> None:
    assert lines_of("ingress", rule(**values)) == [line]


def test_egress_names_destinations_and_leaves_ingress_alone() -> None:
    out = rule(direction="egress", cidrs=("10.0.2.0/24",), from_port=3306, to_port=3306)
    assert lines_of("egress", out) == ["ip daddr { 10.0.2.0/24 } tcp dport 3306 accept"]
    assert lines_of("ingress", out) == []


def test_a_rule_whose_group_has_no_members_opens_nothing() -> None:
    assert lines_of("ingress", rule(cidrs=())) == []


def test_without_rules_everything_is_dropped_in_both_directions() -> None:
    assert firewall.table((), 4566).count("policy drop;") == 2


def test_an_address_that_is_none_is_refused_before_it_reaches_nft() -> None:
    with pytest.raises(ValueError, match="ruleset"):
        firewall.table([rule(cidrs=("0.0.0.0/0; flush ruleset",))], 4566)


@pytest.mark.skipif(shutil.which("nft") is None or os.geteuid() != 0, reason="nft checks its input only for root")
def test_nft_takes_every_form() -> None:
    forms = [
        rule(),
        rule(direction="egress", protocol="-1", from_port=None, to_port=None),
        rule(protocol="icmp", from_port=3, to_port=4),
        rule(protocol="50", from_port=None, to_port=None),
        rule(cidrs=("10.0.0.0/8", "10.0.1.0/24", "192.0.2.7/32"), to_port=90),
    ]
    checked = subprocess.run(
        ["nft", "--check", "--file", "-"],
        input=firewall.table(forms, 4566),
        text=True,
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
