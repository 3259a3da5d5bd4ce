"""Routes, security groups, addresses and names, on real hosts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from rehearsal.cloud.inventory import Egress

if TYPE_CHECKING:
    from conftest import Lab

TIMED_OUT, UNREACHABLE, UNKNOWN_NAME = 28, 7, 6  # curl's exit codes


def fetch(url: str) -> str:
    return f"curl -s -m 2 -o /dev/null {url}"


def test_a_rule_opens_one_port_to_the_outside_and_the_rest_stays_shut(pair: Lab) -> None:
    assert pair.internet.run(["sh", "-c", fetch("http://203.0.113.5:80/")]).code == 0
    assert pair.internet.run(["sh", "-c", fetch("http://203.0.113.5:81/")]).code == TIMED_OUT


def test_a_rule_for_one_host_lets_that_host_alone_in(pair: Lab) -> None:
    assert pair.on("i-web", fetch("http://10.0.2.10:3306/")).code == 0
    assert pair.on("i-web", fetch("http://10.0.2.10:3307/")).code == TIMED_OUT
    assert pair.internet.run(["sh", "-c", fetch("http://10.0.2.10:3306/")]).code != 0


def test_imds_knows_each_host_by_its_private_address(pair: Lab) -> None:
    assert pair.on("i-web", "curl -s -m 3 http://169.254.169.254/").stdout == "10.0.1.10"
    assert pair.on("i-db", "curl -s -m 3 http://169.254.169.254/").stdout == "10.0.2.10"


@pytest.mark.parametrize("instance_id", ["i-web", "i-db"])
def test_a_host_with_a_way_out_reaches_the_endpoint_on_the_port_of_aws(pair: Lab, instance_id: str) -> None:
    assert pair.on(instance_id, fetch("http://198.51.100.1:443/")).code == 0


def test_a_host_is_seen_from_outside_under_its_public_address(pair: Lab) -> None:
    """Two hosts with public addresses: each sees the other's, as through an internet gateway."""
    pair.settle(
        pair.host("i-peer", "10.0.1.20", public_ip="203.0.113.7", egress=Egress.PUBLIC, rules=pair.everything())
    )
    pair.on("i-peer", "systemd-run -q --unit=log-80 python3 -u -m http.server 80 -d /usr/lib/rehearsal")
    pair.until("i-peer listening", lambda: pair.on("i-peer", fetch("http://127.0.0.1/")).code == 0)
    assert pair.on("i-web", fetch("http://203.0.113.7/")).code == 0
    assert pair.on("i-db", fetch("http://203.0.113.7/")).code == 0
    pair.until("the requests in the log", lambda: "203.0.113.6 " in pair.on("i-peer", "journalctl -u log-80").stdout)
    seen = pair.on("i-peer", "journalctl -u log-80 -o cat").stdout
    assert "203.0.113.5 - - " in seen, "the public host under its own address"
    assert "203.0.113.6 - - " in seen, "the private one under its NAT gateway's"


def test_a_host_without_a_default_route_reaches_imds_and_nothing_else(pair: Lab) -> None:
    pair.settle(pair.host("i-cut-off", "10.0.3.10", rules=pair.everything()))
    assert pair.on("i-cut-off", "curl -s -m 3 http://169.254.169.254/").stdout == "10.0.3.10"
    assert pair.on("i-cut-off", fetch("http://198.51.100.1:443/")).code == UNREACHABLE
    assert pair.on("i-cut-off", fetch("https://acme.example.test:14000/dir")).code == UNREACHABLE
    assert pair.on("i-cut-off", fetch("http://10.0.1.10:80/")).code == 0, "inside of the VPC it may speak"


def test_nothing_leads_to_the_real_internet(pair: Lab) -> None:
    assert pair.on("i-web", fetch("http://192.0.2.1/")).code == UNREACHABLE
    assert pair.internet.run(["sh", "-c", fetch("http://192.0.2.1/")]).code != 0


def test_an_elastic_address_that_nobody_has_answers_at_once(pair: Lab) -> None:
    assert pair.internet.run(["sh", "-c", fetch("http://203.0.113.99/")]).code == UNREACHABLE


def test_names_resolve_and_unknown_ones_fail_at_once(pair: Lab) -> None:
    names = pair.on("i-web", "getent hosts shop.example.test acme.example.test ip-10-0-2-10.ec2.internal").stdout
    assert [line.split()[0] for line in names.splitlines()] == ["203.0.113.5", "198.51.100.2", "10.0.2.10"]
    assert pair.on("i-web", fetch("http://unknown.example.test/")).code == UNKNOWN_NAME
    assert pair.internet.run(["sh", "-c", fetch("http://shop.example.test/")]).code == 0


ECHO = """
import socketserver
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)
socketserver.ThreadingTCPServer(("", 8080), Echo).serve_forever()
"""
TALK_TWICE = """
import pathlib, socket, time
connection = socket.create_connection(("203.0.113.5", 8080), timeout=5)
for signal in ("/run/first", "/run/second"):
    while not pathlib.Path(signal).exists():
        time.sleep(0.05)
    connection.sendall(b"hello\\n")
    print("answered", connection.recv(64), flush=True)
"""


def test_a_changed_rule_shuts_new_connections_out_and_lets_open_ones_live(pair: Lab) -> None:
    before = pair.spec("i-web")
    pair.on("i-web", f"cat > /run/echo.py <<'END'\n{ECHO}END\nsystemd-run -q --unit=echo python3 /run/echo.py")
    pair.settle(dataclasses.replace(before, rules=(*before.rules, pair.allow(8080))))
    pair.internet.run(["touch", "/run/first"])
    pair.until("the echo", lambda: pair.on("i-web", "ss -Hltn sport = :8080").stdout != "")
    running = pair.internet.start(["python3", "-c", TALK_TWICE])
    try:
        answers = running.lines()
        assert next(answers) == "answered b'hello\\n'"
        pair.settle(before)
        probe = "import socket; socket.create_connection(('203.0.113.5', 8080), timeout=2)"
        assert "timed out" in pair.internet.run(["python3", "-c", probe]).stderr
        pair.internet.run(["touch", "/run/second"])
        assert next(answers) == "answered b'hello\\n'"
    finally:
        running.stop()
