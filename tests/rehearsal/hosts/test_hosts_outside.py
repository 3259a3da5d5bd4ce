"""The outside world: certificates, repositories, commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rehearsal.hosts.internet import ACME_ROOT

if TYPE_CHECKING:
    from conftest import Lab


def test_a_certificate_is_issued_over_http_and_verified_from_outside(pair: Lab) -> None:
    pair.on(
        "i-web", "systemctl stop listener-80 && apt-get -q update && apt-get -qy install certbot", timeout_seconds=120
    )
    asked = pair.on(
        "i-web",
        "certbot certonly --standalone --non-interactive --agree-tos --register-unsafely-without-email "
        "--server https://acme.example.test:14000/dir -d shop.example.test --config-dir /var/certbot "
        "--work-dir /var/certbot/work --logs-dir /var/certbot/logs",
        timeout_seconds=90,
    )
    assert asked.code == 0, asked.stdout + asked.stderr
    live = "/var/certbot/live/shop.example.test"
    identity = f"-cert {live}/cert.pem -cert_chain {live}/chain.pem -key {live}/privkey.pem"
    serve = f"openssl s_server -quiet -accept 80 -WWW {identity}"
    pair.on("i-web", f"systemd-run -q --unit=tls -p WorkingDirectory=/usr/lib/rehearsal {serve}")
    pair.until("TLS", lambda: pair.on("i-web", "ss -Hltn sport = :80").stdout != "")
    answer = pair.internet.run(["curl", "-sS", "--cacert", ACME_ROOT, "https://shop.example.test:80/settle"])
    assert answer.code == 0, answer.stderr
    assert pair.internet.run(["curl", "-sS", "https://shop.example.test:80/settle"]).code == 0, (
        "it is in the trust store"
    )


def test_a_working_tree_is_cloned_over_https_and_may_change(pair: Lab) -> None:
    cloned = pair.on(
        "i-web", "git clone -q https://git.example.test/flask-app.git /var/clone && cat /var/clone/hello.txt"
    )
    assert cloned.stdout == "hello\n", cloned.stderr


def test_hosts_install_packages_and_wheels_without_a_network(pair: Lab) -> None:
    """Out of the image's own cache: the host has no route to any archive."""
    asked = "apt-get -q update && apt-get -qy install python3-venv && python3 -m venv /var/v"
    done = pair.on(
        "i-db", f"{asked} && /var/v/bin/pip install -q flask && /var/v/bin/flask --version", timeout_seconds=180
    )
    assert done.code == 0, done.stdout + done.stderr
    assert "Flask" in done.stdout


def test_a_command_gets_its_input_and_gives_its_output_code_and_errors(lab: Lab) -> None:
    done = lab.internet.run(["sh", "-c", "tr a-z A-Z; echo oops >&2; exit 3"], stdin="hello\n" * 20_000)
    assert (done.code, done.stdout, done.stderr) == (3, "HELLO\n" * 20_000, "oops\n")


def test_a_command_that_takes_too_long_is_killed(lab: Lab) -> None:
    with pytest.raises(TimeoutError, match="sleep 987"):
        lab.internet.run(["sleep", "987"], timeout_seconds=0.3)
    assert (
        lab.internet.run(["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 98[7]'"]).stdout
        == "0\n"
    )


def test_a_started_command_streams_lines_until_it_is_stopped(lab: Lab) -> None:
    running = lab.internet.start(["sh", "-c", "while true; do echo tick; sleep 0.05; done"])
    lines = running.lines()
    assert [next(lines) for _ in range(3)] == ["tick"] * 3
    running.stop()
    assert set(lines) <= {"tick"}
    running.stop()


def test_a_started_command_that_ends_ends_its_lines(lab: Lab) -> None:
    assert list(lab.internet.start(["printf", "one\ntwo"]).lines()) == ["one", "two"]
