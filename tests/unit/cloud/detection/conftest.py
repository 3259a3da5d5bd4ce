"""One endpoint a module whose minutes last a second, with what tests of detection need again and again."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from rehearsal.cloud import Cloud, CloudSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCOUNT = "111122223333"
REGION = "us-east-1"
PATIENCE = 60.0


def package(source: str, name: str = "main.py") -> bytes:
    """A deployment package of one file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, source)
    return packed.getvalue()


def eventually(look: Callable[[], Any], what: str) -> Any:
    """Poll until there is something; no test asserts how long it takes."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain for {what}"
        time.sleep(0.05)
    return found


def role(iam: Any, name: str, service: str, *statements: dict[str, Any]) -> str:
    """Make a role that a service may assume; returns its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
    return str(made)


def allow(action: str | list[str], resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def queue(sqs: Any, name: str, *services: str) -> tuple[str, str]:
    """Make a queue that these services may send to; returns its URL and ARN."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": list(services)},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    if services:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(statement)})
    return url, arn


FORWARDING = """
import boto3, json

def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl={url!r}, MessageBody=json.dumps(event))
"""
"""A function that sends each event to the queue at `url`."""


def make_function(functions: Any, name: str, source: str, own: str, **more: Any) -> str:
    """Make a function of one file with the role `own`; returns its ARN."""
    made = functions.create_function(
        FunctionName=name, Runtime="python3.13", Role=own, Handler="main.handler", Code={"ZipFile": package(source)},
        **more,
    )  # fmt: skip
    return str(made["FunctionArn"])


def received(sqs: Any, url: str) -> list[dict[str, Any]]:
    """Take what is in a queue, with its attributes."""
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    for message in answer.get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return list(answer.get("Messages", []))


def clients(url: str) -> Callable[[str], Any]:
    session: Any = boto3.session.Session(
        aws_access_key_id="AKIAADMINISTRATOR000", aws_secret_access_key="unchecked", region_name=REGION
    )
    made: dict[str, Any] = {}

    def make(service: str) -> Any:
        if service not in made:
            made[service] = session.client(service, endpoint_url=url)
        return made[service]

    return make


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    settings = CloudSettings(
        account_id=ACCOUNT, region=REGION, listen=(("127.0.0.1", 0),), instant_hosts=True, tick_seconds=1
    )
    running = Cloud(settings)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def client(cloud: Cloud) -> Callable[[str], Any]:
    """Makes clients of an administrator."""
    return clients(cloud.url)
