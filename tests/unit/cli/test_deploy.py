"""`aws cloudformation deploy` as the command line runs it, against an endpoint in this process."""

from __future__ import annotations

import io
import json
import os
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.cli.clients import aws
from rehearsal.cli.deploy import INLINE_BYTES, Deployment
from rehearsal.cli.problems import Problem
from rehearsal.cli.progress import Progress
from rehearsal.cloud import Cloud, CloudSettings
from rehearsal.daemon.state import State
from rehearsal.settings import StackSection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Name"}}}
PARAMETERS = {"Name": {"Type": "String"}}


@pytest.fixture(scope="module")
def state() -> Iterator[State]:
    cloud = Cloud(CloudSettings(listen=(("127.0.0.1", 0),), state_folder=None, instant_hosts=True))
    cloud.start()
    yield State(
        project="example-1", pid=os.getpid(), process_started=0, endpoint=cloud.url, region="us-east-1",
        account_id="123456789012", access_key_id="KEY", secret_access_key="made-up",
    )  # fmt: skip
    cloud.stop()


def template(folder: Path, **more: Any) -> Path:
    path = folder / "template.json"
    path.write_text(json.dumps({"Parameters": PARAMETERS, "Resources": {"Bucket": BUCKET}, **more}))
    return path


def deploy(state: State, path: Path, name: str) -> str:
    """Deploy and confirm; what was told on the way."""
    said = io.StringIO()
    deployment = Deployment(StackSection(name, path), {"Name": f"{name}-bucket"}, state, aws(state))
    try:
        deployment.wait(Progress(said))
        deployment.confirm()
    finally:
        deployment.cancel()
    return said.getvalue()


def status_of(state: State, name: str) -> str:
    [stack] = aws(state).client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return str(stack["StackStatus"])


def test_a_stack_is_deployed_and_once_more_changes_nothing(state: State, tmp_path: Path) -> None:
    path = template(tmp_path)
    deploy(state, path, "small")
    assert status_of(state, "small") == "CREATE_COMPLETE"
    deploy(state, path, "small")
    assert status_of(state, "small") == "CREATE_COMPLETE"


def test_a_template_that_is_too_large_for_a_request_goes_through_a_bucket(state: State, tmp_path: Path) -> None:
    path = template(tmp_path, Metadata={"Filler": "x" * INLINE_BYTES})
    deploy(state, path, "large")
    assert status_of(state, "large") == "CREATE_COMPLETE"
    buckets = [bucket["Name"] for bucket in aws(state).client("s3").list_buckets()["Buckets"]]
    assert "rehearsal-templates-123456789012-us-east-1" in buckets


def function(role: str, code: str) -> dict[str, Any]:
    properties = {"FunctionName": "packaged", "Runtime": "python3.13", "Handler": "handler.handler", "Role": role}
    return {"Function": {"Type": "AWS::Lambda::Function", "Properties": {**properties, "Code": code}}}


@pytest.fixture(scope="module")
def role(state: State) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = aws(state).client("iam").create_role(RoleName="function", AssumeRolePolicyDocument=trust)
    return str(made["Role"]["Arn"])


def test_files_beside_the_template_are_packaged_into_the_bucket(state: State, role: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "reporter.zip", "w") as archive:
        archive.writestr("handler.py", "def handler(event, context):\n    return event\n")
    made = function(role, "reporter.zip")
    path = template(tmp_path, Metadata={"Filler": "x" * INLINE_BYTES}, Resources={"Bucket": BUCKET, **made})
    deploy(state, path, "packaged")
    described = aws(state).client("lambda").get_function(FunctionName="packaged")["Configuration"]
    assert described["CodeSize"] == (tmp_path / "reporter.zip").stat().st_size


def test_a_missing_file_that_the_template_names_is_told(state: State, role: str, tmp_path: Path) -> None:
    made = function(role, "nowhere.zip")
    path = template(tmp_path, Metadata={"Filler": "x" * INLINE_BYTES}, Resources={"Bucket": BUCKET, **made})
    with pytest.raises(Problem, match=r"package of missing failed:[\s\S]*nowhere\.zip"):
        deploy(state, path, "missing")


def test_what_failed_in_an_earlier_deployment_is_no_reason(state: State, tmp_path: Path) -> None:
    deploy(state, template(tmp_path), "again")
    wrong = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "nobodys", "PolicyDocument": {}}}
    with pytest.raises(Problem, match="Former: "):
        deploy(state, template(tmp_path, Resources={"Bucket": BUCKET, "Former": wrong}), "again")
    with pytest.raises(Problem, match="Later: ") as raised:
        deploy(state, template(tmp_path, Resources={"Bucket": BUCKET, "Later": wrong}), "again")
    assert "Former" not in str(raised.value)


def test_why_a_stack_was_not_deployed_is_told(state: State, tmp_path: Path) -> None:
    wrong = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}, "ManagedPolicyArns": ["arn:no"]}}
    path = template(tmp_path, Resources={"Bucket": BUCKET, "Wrong": wrong})
    with pytest.raises(Problem) as raised:
        Deployment(StackSection("wrong", path, capabilities=("CAPABILITY_IAM",)), {"Name": "wrong-bucket"}, state,
                   aws(state)).wait(Progress(io.StringIO()))  # fmt: skip
    assert "stack wrong was not deployed" in raised.value.message
    assert "\nWrong: " in raised.value.message
    assert "--keep" in raised.value.next_step
    assert "cloud.log" in raised.value.next_step


def test_a_type_that_nobody_implements_is_named(state: State, tmp_path: Path) -> None:
    path = template(tmp_path, Resources={"Thing": {"Type": "AWS::Nowhere::Thing"}})
    with pytest.raises(Problem, match="AWS::Nowhere::Thing"):
        deploy(state, path, "nowhere")


def test_a_template_that_is_not_there_is_named_before_anything_is_started(state: State, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"absent\.yaml does not exist"):
        deploy(state, tmp_path / "absent.yaml", "absent")
