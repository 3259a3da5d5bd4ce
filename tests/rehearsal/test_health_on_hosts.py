"""The health reporter on real hosts: each fault is named by the check that is about it, and by no other that is not."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.hosts.engine import connect
from rehearsal.hosts.labels import of_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rehearsal.conftest import Rehearsal

FUNCTION = "FlaskOps-Health"
PATIENCE_SECONDS = 90
# Stopped, not killed: it accepts and does not answer, for longer than is fast and shorter than the reporter waits.
SLOW = """
systemctl kill --signal STOP flask-app.service
(sleep 4; systemctl kill --signal CONT flask-app.service) >/dev/null 2>&1 &
"""
CLOSED = """
nft add table inet closed
nft add chain inet closed input '{ type filter hook input priority -60; }'
nft add rule inet closed input tcp dport 443 drop
"""
DATABASE = "$(systemctl list-unit-files --state enabled --plain --no-legend | grep -oE '^(mysql|mariadb).service')"
APPLICATION = "flask-app.socket flask-app.service"


def on_host(rehearsal: Rehearsal, role: str, script: str) -> None:
    """Run a script on a host past AWS, as a fault comes: nobody asks an agent for it."""
    filters = [{"Name": "tag:Role", "Values": [role]}, {"Name": "instance-state-name", "Values": ["running"]}]
    [reservation] = rehearsal.client("ec2").describe_instances(Filters=filters)["Reservations"]
    instance = reservation["Instances"][0]["InstanceId"]
    hosts = connect().containers.list(filters=of_project(rehearsal.settings, "host"))
    [container] = [each for each in hosts if (each.name or "").endswith(instance)]
    done = container.exec_run(["bash", "-ec", script])
    assert done.exit_code == 0, done.output


def send(rehearsal: Rehearsal, document: str, parameters: dict[str, list[str]]) -> None:
    """Run a Command document on the web host to its end."""
    ssm = rehearsal.client("ssm")
    targets = [{"Key": "tag:Role", "Values": ["web"]}]
    command = ssm.send_command(DocumentName=document, Targets=targets, Parameters=parameters)["Command"]["CommandId"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (status := ssm.list_commands(CommandId=command)["Commands"][0]["Status"]) in {"Pending", "InProgress"}:
        assert time.monotonic() < deadline, f"{document} has not ended"
        time.sleep(0.3)
    assert status == "Success"


def report(rehearsal: Rehearsal) -> dict[str, dict[str, Any]]:
    """What the function answers, asked as a user asks it, by check.

    A look at what does not answer takes longer than a tick does here, so that the schedule's may leave no room.
    """
    client, deadline = rehearsal.client("lambda"), time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = client.invoke(FunctionName=FUNCTION)
            break
        except client.exceptions.TooManyRequestsException:
            assert time.monotonic() < deadline, "the function is always busy"
            time.sleep(0.5)
    said = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, said
    return {check["name"]: check for check in said["checks"]} | {"whole": said}


def wait_for(rehearsal: Rehearsal, failing: set[str]) -> dict[str, dict[str, Any]]:
    """Ask until these checks fail, and no other; a host's agent takes some time to be missed, and to come back."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        said = report(rehearsal)
        bad = {name for name, check in said.items() if name != "whole" and check["status"] != "ok"}
        if bad == failing:
            return said
        assert time.monotonic() < deadline, f"wanted {failing or 'none'} to fail, and {bad or 'none'} did: {said}"
        time.sleep(1)


@pytest.fixture(autouse=True)
def _well_before_and_after(rehearsal: Rehearsal) -> Iterator[None]:
    wait_for(rehearsal, set())
    yield
    wait_for(rehearsal, set())


@pytest.mark.parametrize(
    ("role", "fault", "mend", "failing", "details"),
    [
        pytest.param(
            "web", "systemctl stop nginx", "systemctl start nginx",
            {"Https", "Redirect", "Readiness", "Certificate"}, {"Https": "refused", "Certificate": "refused"},
            id="stopped web server",
        ),
        pytest.param(
            "web", f"systemctl stop {APPLICATION}", f"systemctl start {APPLICATION}",
            {"Https", "Readiness"}, {"Https": "GET / answered 502", "Readiness": "/readyz answered 502"},
            id="stopped application",
        ),
        pytest.param(
            "web", CLOSED, "nft delete table inet closed",
            {"Https", "Readiness", "Certificate"}, {"Https": "timed out", "Certificate": "timed out"},
            id="firewalled port",
        ),
        pytest.param(
            "database", f"systemctl stop {DATABASE}", f"systemctl start {DATABASE}",
            {"Readiness"}, {"Readiness": "/readyz answered 503"},
            id="database down",
        ),
        pytest.param(
            "database", "systemctl stop amazon-ssm-agent", "systemctl start amazon-ssm-agent",
            {"Agents"}, {"Agents": "ConnectionLost"},
            id="agent stopped",
        ),
        pytest.param("web", SLOW, "sleep 5", {"Https"}, {"Https": "slow: "}, id="slow answer"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_the_checks_that_are_about_it(
    rehearsal: Rehearsal, role: str, fault: str, mend: str, failing: set[str], details: dict[str, str]
) -> None:
    on_host(rehearsal, role, fault)
    try:
        said = wait_for(rehearsal, failing)
    finally:
        on_host(rehearsal, role, mend)
    for name, text in details.items():
        assert text in said[name]["detail"]


def test_an_expired_certificate_is_named_by_its_check_alone(rehearsal: Rehearsal) -> None:
    send(rehearsal, "FlaskOps-InjectFault", {"Fault": ["expired-certificate"], "UndoAfterSeconds": ["300"]})
    try:
        said = wait_for(rehearsal, {"Certificate"})
    finally:
        send(rehearsal, "FlaskOps-RecoverFault", {})
    assert said["Certificate"]["status"] == "down"
    assert "the certificate is refused: " in said["Certificate"]["detail"]


def test_a_wrong_name_is_named_as_such(rehearsal: Rehearsal) -> None:
    """The same host by another name that leads to it, which the certificate does not bear."""
    functions = rehearsal.client("lambda")
    variables = functions.get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
    address = rehearsal.outputs()["PublicInstancePublicIp"]
    rehearsal.outside("sh", "-c", f"echo '{address} other.example.test' >>/etc/hosts")
    try:
        functions.update_function_configuration(
            FunctionName=FUNCTION, Environment={"Variables": {**variables, "PUBLIC_HOST": "other.example.test"}}
        )
        said = wait_for(rehearsal, {"Certificate", "Redirect"})
    finally:
        functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": variables})
    assert "not valid for 'other.example.test'" in said["Certificate"]["detail"]
    assert "redirects to https://shop.example.test/" in said["Redirect"]["detail"]
