"""The endpoint names its callers and its machines as the rest of it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from rehearsal.cloud import Cloud, CloudSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCOUNT = "123456789012"


@pytest.fixture
def client() -> Iterator[Callable[[str], Any]]:
    settings = CloudSettings(
        account_id=ACCOUNT,
        region="us-east-1",
        listen=(("127.0.0.1", 0),),
        state_folder=None,
        instant_hosts=True,
    )
    cloud = Cloud(settings)
    cloud.start()
    session = boto3.session.Session("made-up", "unchecked", region_name="us-east-1")
    yield lambda service: session.client(service, endpoint_url=cloud.url)
    cloud.stop()


def test_the_administrator_is_who_executions_say_it_is(client: Callable[[str], Any]) -> None:
    said = client("sts").get_caller_identity()
    assert said["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/administrator"
    assert said["Account"] == ACCOUNT


def test_a_role_is_still_who_it_is(client: Callable[[str], Any]) -> None:
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
    )
    role = client("iam").create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]
    keys = client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="evening")["Credentials"]
    session = boto3.session.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1")
    said = session.client("sts", endpoint_url=client("sts").meta.endpoint_url).get_caller_identity()
    assert said["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/evening"


def test_the_status_of_several_instances_names_each(client: Callable[[str], Any]) -> None:
    ec2 = client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2, InstanceType="t3.micro")["Instances"]
    identifiers = {instance["InstanceId"] for instance in made}
    statuses = ec2.describe_instance_status(InstanceIds=sorted(identifiers))["InstanceStatuses"]
    assert {status["InstanceId"] for status in statuses} == identifiers
