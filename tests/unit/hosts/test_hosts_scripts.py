"""What hosts and the router are told: names, routes, devices, address translation."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from rehearsal.cloud.inventory import Egress
from rehearsal.hosts import addresses, names, routing, settling

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import MakeHost

    from rehearsal.cloud.inventory import Snapshot
    from rehearsal.settings import Settings

VPC = addresses.of_vpc("10.0.0.0/16")


def test_the_last_two_usable_addresses_of_a_vpc_are_the_rehearsals() -> None:
    assert (str(VPC.gateway), str(VPC.router)) == ("10.0.255.253", "10.0.255.254")
    assert str(addresses.of_vpc("192.168.7.0/28").router) == "192.168.7.14"


def test_a_host_knows_its_vpcs_hosts_and_the_outside(
    make_host: MakeHost, make_snapshot: Callable[..., Snapshot], settings: Settings
) -> None:
    web = make_host("i-web", "10.0.1.10", public_ip="203.0.113.5", tags={"Role": "web"})
    elsewhere = make_host("i-far", "10.9.0.10", vpc_id="vpc-2")
    text = names.of_host(make_snapshot(web, elsewhere, make_host("i-db", "10.0.2.10")), settings, web)
    assert text.splitlines() == [
        "127.0.0.1 localhost",
        "::1 localhost ip6-localhost ip6-loopback",
        "10.0.1.10 ip-10-0-1-10.ec2.internal ip-10-0-1-10",
        "10.0.2.10 ip-10-0-2-10.ec2.internal ip-10-0-2-10",
        "198.51.100.2 acme.example.test git.example.test",
        "203.0.113.5 shop.example.test",
    ]


@pytest.mark.parametrize("gone", [{"public_ip": None}, {"state": "terminated"}, {"tags": {"Role": "database"}}])
def test_a_name_without_a_host_that_can_be_reached_is_unknown(
    make_host: MakeHost, make_snapshot: Callable[..., Snapshot], settings: Settings, gone: dict[str, object]
) -> None:
    values = {"public_ip": "203.0.113.5", "tags": {"Role": "web"}, **gone}
    assert "shop" not in names.of_outside(make_snapshot(make_host(**values)), settings)


def test_the_default_route_follows_egress(make_host: MakeHost) -> None:
    with_way_out = settling.script(make_host(egress=Egress.NAT), VPC, "", (), 4566)
    without = settling.script(make_host(egress=Egress.NONE), VPC, "", (), 4566)
    assert "ip route replace default via 10.0.255.254\n" in with_way_out
    assert "ip route del default" in without
    assert "via 10.0.255.254" not in without


def test_the_firewall_is_up_before_there_is_a_route(make_host: MakeHost) -> None:
    script = settling.script(make_host(egress=Egress.PUBLIC), VPC, "", (), 4566)
    assert script.index("policy drop") < script.index("ip route replace default")


def test_volumes_appear_as_nvme_devices_in_the_order_of_their_attachments(make_host: MakeHost) -> None:
    volumes = [
        settling.AttachedVolume("vol-0bbb", "/dev/xvdg", "/dev/loop12"),
        settling.AttachedVolume("vol-0aaa", "/dev/xvdf", "/dev/loop3"),
    ]
    script = settling.script(make_host(), VPC, "", volumes, 4566)
    assert "mknod -m 660 /dev/nvme1n1 b 7 3\n" in script
    assert "mknod -m 660 /dev/loop12 b 7 12\n" in script
    assert "ln -sf /dev/nvme2n1 /dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0bbb\n" in script
    assert "ln -sf /dev/nvme1n1 /dev/xvdf\n" in script


def test_both_scripts_are_shell(make_host: MakeHost, make_snapshot: Callable[..., Snapshot]) -> None:
    volume = settling.AttachedVolume("vol-0aaa", "/dev/xvdf", "/dev/loop3")
    host = make_host(public_ip="203.0.113.5", egress=Egress.PUBLIC)
    for script in (
        settling.script(host, VPC, "127.0.0.1 localhost\n", [volume], 4566),
        routing.script(make_snapshot(host), "127.0.0.1 localhost\n", 4566),
    ):
        checked = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_a_public_host_is_translated_both_ways_and_a_private_one_on_the_way_out(
    make_host: MakeHost, make_snapshot: Callable[..., Snapshot]
) -> None:
    table = routing.table(
        make_snapshot(
            make_host("i-web", "10.0.1.10", public_ip="203.0.113.5", egress=Egress.PUBLIC),
            make_host("i-db", "10.0.2.10", egress=Egress.NAT, egress_ip="203.0.113.6"),
        ),
        4566,
    )
    assert table.count("ip daddr 203.0.113.5 dnat to 10.0.1.10") == 2, "from hosts, and from the outside itself"
    assert "ip saddr 10.0.1.10 snat to 203.0.113.5" in table
    assert "ip saddr 10.0.2.10 snat to 203.0.113.6" in table
    assert "daddr 203.0.113.6 " not in table


@pytest.mark.parametrize(
    "values",
    [
        {"public_ip": "203.0.113.5", "egress": Egress.NONE},
        {"public_ip": "203.0.113.5", "egress": Egress.PUBLIC, "state": "stopped"},
        {"egress": Egress.NAT, "egress_ip": None},
    ],
)
def test_who_has_no_way_out_is_not_translated(
    make_host: MakeHost, make_snapshot: Callable[..., Snapshot], values: dict[str, object]
) -> None:
    assert "10.0.1.10" not in routing.table(make_snapshot(make_host(**values)), 4566)


@pytest.mark.skipif(shutil.which("nft") is None or os.geteuid() != 0, reason="nft checks its input only for root")
def test_nft_takes_the_routers_table(make_host: MakeHost, make_snapshot: Callable[..., Snapshot]) -> None:
    table = routing.table(make_snapshot(make_host(public_ip="203.0.113.5", egress=Egress.PUBLIC)), 4566)
    checked = subprocess.run(
        ["nft", "--check", "--file", "-"], input=table, text=True, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
