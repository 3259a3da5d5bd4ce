"""The stand-in agent as a process, against the endpoint: metadata, credentials, messages, a script that really runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rehearsal.cloud import Cloud

ROOT = Path(__file__).resolve().parents[4]
TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def metadata(cloud: Cloud) -> Iterator[Callable[[str], str]]:
    """Plays the redirection of 169.254.169.254 for a host with this address, and returns the URL."""
    servers = []

    def redirect(address: str) -> str:
        def application(environ: dict[str, Any], start_response: Any) -> Any:
            assert cloud.endpoint is not None
            return cloud.endpoint(environ | {"HTTP_HOST": "169.254.169.254", "REMOTE_ADDR": address}, start_response)

        server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield redirect
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def agent(cloud: Cloud, client: Callable[[str], Any], metadata: Callable[[str], str], tmp_path: Path) -> Iterator[str]:
    """An instance with AWS's managed policy for agents and an agent in a process of its own; yields its ID."""
    iam = client("iam")
    iam.create_role(RoleName="managed-host", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="managed-host", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    iam.create_instance_profile(InstanceProfileName="managed-host")
    iam.add_role_to_instance_profile(InstanceProfileName="managed-host", RoleName="managed-host")
    instance = client("ec2").run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "managed-host"}
    )["Instances"][0]
    config = tmp_path / "amazon-ssm-agent.json"
    config.write_text(json.dumps({"Ssm": {"Endpoint": cloud.url}, "Mds": {"Endpoint": cloud.url}}))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata(instance["PrivateIpAddress"]),
    }
    options = ["--config", str(config), "--data", str(tmp_path / "data"), "--reboot-command", "true"]
    with (tmp_path / "agent.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "rehearsal.agent", "--serve", *options], env=environment, stdout=log, stderr=log
        )
    yield str(instance["InstanceId"])
    process.terminate()
    process.wait(timeout=20)


def test_a_command_runs_on_the_host_of_an_agent(
    ssm: Any, agent: str, eventually: Callable[..., Any], name: str, document: Callable[..., str]
) -> None:
    def is_online() -> bool:
        found = ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [agent]}])
        return [node["PingStatus"] for node in found["InstanceInformationList"]] == ["Online"]

    eventually(is_online, seconds=60)
    commands = ["echo out; echo err >&2; exit 3"]
    sent = ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=[agent], Parameters={"commands": commands})
    where = {"CommandId": sent["Command"]["CommandId"], "InstanceId": agent}

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = ssm.get_command_invocation(**where)
        return None if found["Status"] in {"Pending", "InProgress"} else found

    result = eventually(ended, seconds=60)
    assert (result["Status"], result["ResponseCode"]) == ("Failed", 3)
    assert result["StandardOutputContent"] == "out\n"
    assert result["StandardErrorContent"].startswith("err\n")

    ssm.create_document(Name=name, Content=document("first", "second", parameters={"Word": {"type": "String"}}))
    sent = ssm.send_command(DocumentName=name, InstanceIds=[agent], Parameters={"Word": ["x"]})
    where = {"CommandId": sent["Command"]["CommandId"], "InstanceId": agent, "PluginName": "second"}
    assert eventually(ended, seconds=60)["StandardOutputContent"] == "second\n"
