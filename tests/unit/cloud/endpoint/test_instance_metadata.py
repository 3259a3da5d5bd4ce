"""The instance metadata service: tokens, the tree, and credentials that are the role's."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from werkzeug.test import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"

Ask = Any


@pytest.fixture(scope="module")
def instance(client: Callable[[str], Any]) -> dict[str, Any]:
    iam = client("iam")
    iam.create_role(RoleName="host-role", AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName="host-profile")
    iam.add_role_to_instance_profile(InstanceProfileName="host-profile", RoleName="host-role")
    launched = client("ec2").run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        IamInstanceProfile={"Name": "host-profile"},
        MetadataOptions={"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Role", "Value": "web"}]}],
    )
    found: dict[str, Any] = launched["Instances"][0]
    return found


@pytest.fixture(scope="module")
def ask(cloud: Any, instance: dict[str, Any]) -> Callable[..., TestResponse]:
    """Asks as the instance does, or from another address."""
    http = Client(cloud.endpoint)

    def request(path: str, method: str = "GET", address: str = "", **headers: str) -> TestResponse:
        return http.open(
            path,
            method=method,
            headers={"Host": "169.254.169.254"} | {key.replace("_", "-"): value for key, value in headers.items()},
            environ_overrides={"REMOTE_ADDR": address or instance["PrivateIpAddress"]},
        )

    return request


@pytest.fixture(scope="module")
def read(ask: Callable[..., TestResponse]) -> Callable[[str], str]:
    """Reads a path with a token, which has to work."""
    token = ask("/latest/api/token", "PUT", **{TTL: "300"}).text

    def get(path: str) -> str:
        answer = ask(f"/latest/{path}", **{TOKEN: token})
        assert answer.status_code == 200, path
        return answer.text

    return get


def test_nothing_is_told_without_a_valid_token(ask: Callable[..., TestResponse]) -> None:
    assert ask("/latest/meta-data/instance-id").status_code == 401
    assert ask("/latest/meta-data/instance-id", **{TOKEN: "made-up"}).status_code == 401


@pytest.mark.parametrize("ttl", ["", "0", "21601", "-1", "soon", "9" * 400])
def test_a_token_needs_a_lifetime_within_six_hours(ask: Callable[..., TestResponse], ttl: str) -> None:
    assert ask("/latest/api/token", "PUT", **({TTL: ttl} if ttl else {})).status_code == 400


def test_tokens_are_not_issued_through_a_proxy(ask: Callable[..., TestResponse]) -> None:
    assert ask("/latest/api/token", "PUT", X_Forwarded_For="10.0.0.1", **{TTL: "60"}).status_code == 403


def test_a_token_is_of_one_host_and_ends(
    client: Callable[[str], Any], ask: Callable[..., TestResponse], monkeypatch: Any
) -> None:
    other = client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]
    issued = ask("/latest/api/token", "PUT", **{TTL: "60"})
    assert issued.headers[TTL] == "60"
    mine = {TOKEN: issued.text}
    assert ask("/latest/meta-data/instance-id", **mine).status_code == 200
    assert ask("/latest/meta-data/instance-id", address=other["PrivateIpAddress"], **mine).status_code == 401
    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert ask("/latest/meta-data/instance-id", **mine).status_code == 401


def test_the_tree(read: Callable[[str], str], instance: dict[str, Any]) -> None:
    assert read("meta-data/instance-id") == instance["InstanceId"]
    assert read("meta-data/local-ipv4") == instance["PrivateIpAddress"]
    assert read("meta-data/placement/region") == "us-east-1"
    assert read("meta-data/placement/availability-zone").startswith("us-east-1")
    assert read("meta-data/tags/instance/Role") == "web"
    assert read("meta-data/public-ipv4").startswith("203.0.113.")
    assert {"ami-id", "hostname", "iam/", "placement/", "tags/"} <= set(read("meta-data/").split("\n"))
    assert read("meta-data/iam/security-credentials/") == "host-role"
    document = json.loads(read("dynamic/instance-identity/document"))
    assert (document["instanceId"], document["accountId"]) == (instance["InstanceId"], "111122223333")
    assert "host-profile" in json.loads(read("meta-data/iam/info"))["InstanceProfileArn"]


def test_the_credentials_are_a_session_of_the_role(
    cloud: Any, read: Callable[[str], str], instance: dict[str, Any]
) -> None:
    found = json.loads(read("meta-data/iam/security-credentials/host-role"))
    assert found["Code"] == "Success"
    assert json.loads(read("meta-data/iam/security-credentials/host-role"))["AccessKeyId"] == found["AccessKeyId"]
    sts: Any = boto3.client(
        "sts",
        endpoint_url=cloud.url,
        region_name="us-east-1",
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["Token"],
    )
    expected = f"arn:aws:sts::111122223333:assumed-role/host-role/{instance['InstanceId']}"
    assert sts.get_caller_identity()["Arn"] == expected


@pytest.mark.parametrize(
    "path", ["/latest/nope", "/latest/meta-data/iam/security-credentials/other", "/", "/latest/user-data"]
)
def test_what_is_not_there_is_not_found(ask: Callable[..., TestResponse], path: str) -> None:
    token = ask("/latest/api/token", "PUT", **{TTL: "60"}).text
    assert ask(path, **{TOKEN: token}).status_code == 404


def test_strangers_and_writers_get_nothing(ask: Callable[..., TestResponse]) -> None:
    assert ask("/latest/meta-data/", address="192.0.2.1").status_code == 404
    assert ask("/latest/api/token", "PUT", address="192.0.2.1", **{TTL: "60"}).status_code == 404
    assert ask("/latest/meta-data/", "POST").status_code == 405


def test_hosts_may_allow_version_one_or_switch_it_off(
    client: Callable[[str], Any], ask: Callable[..., TestResponse]
) -> None:
    ec2 = client("ec2")
    launched = ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, MetadataOptions={"HttpTokens": "optional"}
    )["Instances"][0]
    address = launched["PrivateIpAddress"]
    assert ask("/latest/meta-data/instance-id", address=address).text == launched["InstanceId"]
    assert ask("/latest/meta-data/iam/info", address=address).status_code == 404
    ec2.modify_instance_metadata_options(InstanceId=launched["InstanceId"], HttpEndpoint="disabled")
    assert ask("/latest/meta-data/instance-id", address=address).status_code == 403
