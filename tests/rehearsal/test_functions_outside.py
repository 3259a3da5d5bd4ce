"""Functions of Lambda run in the outside: they see what clients see, and leave nothing behind."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rehearsal.conftest import Rehearsal

SOURCE = """
import socket, subprocess, time, urllib.request
import boto3

def handler(event, context):
    if event.get("hang"):
        subprocess.Popen(["sleep", "987654"])
        time.sleep(60)
    with urllib.request.urlopen(event["url"], timeout=10) as answer:
        body = answer.read().decode()
    who = boto3.client("sts").get_caller_identity()["Arn"]
    return {"status": answer.status, "body": body, "who": who, "address": socket.gethostbyname(event["name"])}
"""
NAME = "outside-probe"
PATIENCE = 60.0


@pytest.fixture
def function(rehearsal: Rehearsal) -> Iterator[Any]:
    """Invokes a function; the answer's head and its payload."""
    iam, functions = rehearsal.client("iam"), rehearsal.client("lambda")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", SOURCE)
    functions.create_function(
        FunctionName=NAME, Runtime="python3.13", Role=role, Handler="main.handler", Timeout=15,
        Code={"ZipFile": packed.getvalue()},
    )  # fmt: skip

    def invoke(event: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        answer = functions.invoke(FunctionName=NAME, Payload=json.dumps(event))
        return answer, json.loads(answer["Payload"].read())

    yield invoke
    functions.delete_function(FunctionName=NAME)
    iam.delete_role(RoleName=NAME)


def test_a_function_reaches_the_application_as_a_client_does(rehearsal: Rehearsal, function: Any) -> None:
    name = rehearsal.settings.outside.names[0].name
    answer, seen = function({"url": f"https://{name}/readyz", "name": name})

    assert "FunctionError" not in answer, seen
    assert seen["status"] == 200
    assert json.loads(seen["body"])["status"] == "ok"
    assert seen["address"] == rehearsal.outputs()["PublicInstancePublicIp"]
    assert seen["who"].endswith(f":assumed-role/{NAME}/{NAME}")


def test_a_function_that_is_too_slow_is_ended_with_all_that_it_started(rehearsal: Rehearsal, function: Any) -> None:
    rehearsal.client("lambda").update_function_configuration(FunctionName=NAME, Timeout=1)
    _, error = function({"hang": True})

    assert error["errorType"] == "Sandbox.Timedout"
    deadline = time.monotonic() + PATIENCE
    # In brackets, or the shell and grep would find themselves.
    while rehearsal.outside("sh", "-c", "grep -al '[9]87654' /proc/[0-9]*/cmdline 2>/dev/null").stdout:
        assert time.monotonic() < deadline, "what the function had started still runs"
        time.sleep(0.2)
