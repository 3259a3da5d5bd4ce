"""moto's own behaviour is unbroken: the same calls have the same answers through the endpoint and of plain moto."""

from __future__ import annotations

import io
import json
import re
import zipfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError
from moto import mock_aws

from rehearsal.cloud import Cloud, CloudSettings

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "123456789012"  # plain moto's
REGION = "us-east-1"

UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
# What differs from one run of plain moto to the next: identifiers, moments, random addresses and names.
VOLATILE = [
    (UUID, "<uuid>"),
    (
        re.compile(
            r"\b(i|vol|eni|sg|sgr|vpc|subnet|igw|rtb|rtbassoc|acl|dopt|r|ami|eipalloc|vpc-cidr-assoc|eni-attach|mw|key)-[0-9a-f]{8,17}\b"
        ),
        r"<\1>",
    ),
    (re.compile(r"\b(AKIA|ASIA|AROA|AIDA|ANPA|AIPA|AGPA)[A-Z0-9]{12,17}\b"), r"<\1>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(Z|\+00:00)?"), "<moment>"),
    (re.compile(r"\b10\.\d+\.\d+\.\d+\b|\bip-10-\d+-\d+-\d+\b"), "<address>"),
    (re.compile(r"-[A-Za-z0-9]{6}(?=\")"), "-<suffix>"),
]
DROPPED = {
    "ResponseMetadata", "RequestId", "Date", "LastModified", "SecretAccessKey", "SessionToken", "Marker",
    "UserId", "AssumedRoleId", "InstanceProfileId", "RoleId", "PolicyId", "GroupId", "MacAddress",
    "PrivateIpAddress", "PrivateDnsName", "KeyMaterial", "KeyFingerprint", "CreationTime", "creationTime",
    "timestamp", "ingestionTime", "NextToken", "RevisionId", "VersionId", "nextForwardToken",
    "nextBackwardToken", "arrivalTime", "LastUsedDate", "Expiration", "LaunchTime", "MessageId",
}  # fmt: skip

Call = tuple[str, str, dict[str, Any]]


def function_code() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py"), "def handler(event, context):\n    return event\n")
    return packed.getvalue()


TRUST = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
POLICY = {"Effect": "Allow", "Action": "*", "Resource": "*"}
PLACEHOLDERS: dict[str, Any] = {
    "<trust>": json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}),
    "<policy>": json.dumps({"Version": "2012-10-17", "Statement": [POLICY]}),
    "<function code>": function_code(),
}


def filled(value: Any) -> Any:
    """A script's arguments with what YAML cannot hold in place of its name."""
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    return PLACEHOLDERS.get(value, value) if isinstance(value, str) else value


SCRIPTS: dict[str, list[Call]] = filled(
    yaml.safe_load(Path(__file__).with_name("moto_calls.yaml").read_text(encoding="utf-8"))
)


def session() -> Any:
    return boto3.session.Session(
        aws_access_key_id="AKIAADMINISTRATOR000", aws_secret_access_key="unchecked", region_name=REGION
    )


def answers(calls: list[Call], client: Callable[[str], Any]) -> list[str]:
    """Each call's answer or error as text, without what differs between any two runs of moto."""
    texts = []
    for service, operation, arguments in calls:
        try:
            answer = getattr(client(service), operation)(**arguments)
        except ClientError as error:
            answer = {"Error": error.response["Error"], "Status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
        texts.append(f"{service} {operation}: {stable(answer)}")
    return texts


def stable(answer: Any) -> str:
    text = json.dumps(without_volatile(answer), default=str, sort_keys=True)
    for pattern, replacement in VOLATILE:
        text = pattern.sub(replacement, text)
    return text


def without_volatile(value: Any) -> Any:
    if isinstance(value, dict) and value and all(UUID.fullmatch(key) for key in value):
        return sorted(value.values(), key=str)  # by version, whose identifiers, and so their order, are random
    if isinstance(value, dict):
        return {key: without_volatile(item) for key, item in value.items() if key not in DROPPED}
    if isinstance(value, list):
        return [without_volatile(item) for item in value]
    return value


@pytest.fixture(scope="module")
def ours() -> dict[str, list[str]]:
    """The answers to all scripts, in one cloud."""
    cloud = Cloud(CloudSettings(account_id=ACCOUNT, region=REGION, listen=(("127.0.0.1", 0),), instant_hosts=True))
    cloud.start()
    clients = cache(lambda service: session().client(service, endpoint_url=cloud.url))
    try:
        return {script: answers(calls, clients) for script, calls in SCRIPTS.items()}
    finally:
        cloud.stop()


@pytest.fixture(scope="module")
def plain() -> dict[str, list[str]]:
    """The answers to all scripts, of moto alone."""
    with mock_aws():
        clients = cache(lambda service: session().client(service))
        return {script: answers(calls, clients) for script, calls in SCRIPTS.items()}


@pytest.mark.parametrize("script", SCRIPTS)
def test_answers_equal_plain_motos(script: str, ours: dict[str, list[str]], plain: dict[str, list[str]]) -> None:
    assert ours[script] == plain[script]
