"""scripts/deploy.py as `make deploy` and `make destroy` run it, against an endpoint in this process."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from rehearsal.cloud import Cloud, CloudSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT, REGION = "111122223333", "eu-central-1"
SAMCONFIG = """version = 0.1
[application.deploy.parameters]
template_file = "cloudformation/stack.yaml"
stack_name = "{stack}"
s3_prefix = "{stack}"
capabilities = "CAPABILITY_IAM"
"""
PARAMETER: dict[str, Any] = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Word"}}}
JOURNAL = {
    "Type": "AWS::Logs::LogGroup",
    "DeletionPolicy": "Retain",
    "UpdateReplacePolicy": "Retain",
    "Properties": {"RetentionInDays": 7},
}
TEMPLATE = {
    "Parameters": {"Word": {"Type": "String", "Default": "one"}},
    "Resources": {"Setting": PARAMETER, "Journal": JOURNAL},
    "Outputs": {"Setting": {"Value": {"Ref": "Setting"}}},
}


@dataclass(frozen=True)
class Checkout:
    """A repository with one small stack, and the environment that leads to the endpoint."""

    root: Path
    stack: str
    environment: dict[str, str]

    def write(self, template: dict[str, Any]) -> None:
        path = self.root / "cloudformation" / "stack.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(template), encoding="utf-8")
        (self.root / "samconfig.toml").write_text(SAMCONFIG.format(stack=self.stack), encoding="utf-8")

    def run(self, what: str, **environment: str) -> tuple[int, str]:
        """Run it without a terminal; its exit code, and what it said."""
        done = subprocess.run(
            self._command(what), env={**self.environment, **environment}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def answer(self, what: str, *answers: str) -> tuple[int, str]:
        """Run it on a terminal on which somebody types the answers."""
        terminal, its_end = pty.openpty()
        try:
            os.write(terminal, "".join(f"{answer}\n" for answer in answers).encode())
            done = subprocess.run(
                self._command(what), env=self.environment, stdin=its_end, capture_output=True, text=True, check=False
            )
        finally:
            os.close(terminal)
            os.close(its_end)
        return done.returncode, done.stdout + done.stderr

    def _command(self, what: str) -> list[str]:
        return [sys.executable, str(ROOT / "scripts" / "deploy.py"), what, "application", "--root", str(self.root)]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    running = Cloud(CloudSettings(account_id=ACCOUNT, region=REGION, listen=(("127.0.0.1", 0),), instant_hosts=True))
    running.start()
    yield running
    running.stop()


def client(cloud: Cloud, service: str) -> Any:
    session: Any = boto3.session.Session(
        aws_access_key_id="AKIAADMINISTRATOR000", aws_secret_access_key="unchecked", region_name=REGION
    )
    return session.client(service, endpoint_url=cloud.url)


@pytest.fixture
def checkout(cloud: Cloud, tmp_path: Path, request: pytest.FixtureRequest) -> Checkout:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "CONFIRM"}
    leads = {"AWS_ENDPOINT_URL": cloud.url, "AWS_REGION": REGION, "AWS_CONFIG_FILE": os.devnull}
    keys = {"AWS_ACCESS_KEY_ID": "AKIAADMINISTRATOR000", "AWS_SECRET_ACCESS_KEY": "unchecked"}
    made = Checkout(tmp_path, f"stack{abs(hash(request.node.name)) % 10**8}", {**kept, **leads, **keys})
    made.write(TEMPLATE)
    return made


def stacks(cloud: Cloud) -> dict[str, str]:
    return {
        each["StackName"]: each["StackStatus"] for each in client(cloud, "cloudformation").describe_stacks()["Stacks"]
    }


def test_nothing_is_touched_where_nobody_can_be_asked(cloud: Cloud, checkout: Checkout) -> None:
    code, said = checkout.run("deploy")
    assert code == 3
    assert "set CONFIRM=yes" in said
    assert f"account  {ACCOUNT}" in said
    assert f"Region   {REGION}" in said
    assert checkout.stack not in stacks(cloud)


def test_parameters_that_cannot_be_read_are_told_before_anything_is_asked(checkout: Checkout) -> None:
    code, said = checkout.run("deploy", CONFIRM="yes", PARAMETERS="Word='two words")
    assert (code, said.count("\n")) == (2, 1)
    assert "PARAMETERS cannot be read: No closing quotation" in said


def test_a_stack_that_is_not_there_cannot_be_deleted(checkout: Checkout) -> None:
    code, said = checkout.run("destroy", CONFIRM="yes")
    assert (code, f"{checkout.stack} cannot be looked at" in said) == (1, True), said


def test_a_stack_is_made_changed_and_deleted_with_its_change_sets_shown(cloud: Cloud, checkout: Checkout) -> None:
    code, said = checkout.run("deploy", CONFIRM="yes", PARAMETERS="Word='two words'")
    assert code == 0, said
    assert "Add     Setting" in said
    assert stacks(cloud)[checkout.stack] == "CREATE_COMPLETE"
    setting = said.rpartition("Setting = ")[2].strip()
    assert client(cloud, "ssm").get_parameter(Name=setting)["Parameter"]["Value"] == "two words"

    code, said = checkout.run("deploy", CONFIRM="yes", PARAMETERS="Word='two words'")
    assert (code, "nothing to change" in said) == (0, True), said

    replaced = {**PARAMETER, "Properties": {**PARAMETER["Properties"], "Name": "by-name"}}
    checkout.write({**TEMPLATE, "Resources": {"Setting": replaced, "Journal": JOURNAL}})
    code, said = checkout.run("deploy", CONFIRM="yes")
    assert code == 0, said
    assert "Modify  Setting" in said
    assert "REPLACED" in said

    code, said = checkout.run("destroy")
    assert code == 3, said
    assert "stays    Journal" in said
    assert "goes     everything else: 1 of 2 resources" in said
    assert stacks(cloud)[checkout.stack] == "UPDATE_COMPLETE"
    code, said = checkout.run("destroy", CONFIRM="yes")
    assert code == 0, said
    assert checkout.stack not in stacks(cloud)
    names = [each["logGroupName"] for each in client(cloud, "logs").describe_log_groups()["logGroups"]]
    assert [name for name in names if name.startswith(checkout.stack)]


def test_what_is_uploaded_is_compact_and_keeps_its_functions(cloud: Cloud, checkout: Checkout) -> None:
    greeting = {"Fn::Join": [": ", [{"Fn::Sub": "${AWS::StackName} “é”"}, {"Ref": "Word"}]]}
    setting = {**PARAMETER, "Properties": {"Type": "String", "Value": greeting}}
    output = {"Value": {"Fn::GetAtt": ["Setting", "Value"]}}
    template = {**TEMPLATE, "Resources": {"Setting": setting}, "Outputs": {"Greeting": output}}
    checkout.write(template)
    code, said = checkout.run("deploy", CONFIRM="yes")
    assert code == 0, said
    assert f"Greeting = {checkout.stack} “é”: one" in said
    s3 = client(cloud, "s3")
    bucket = f"flask-ops-templates-{ACCOUNT}-{REGION}"
    (uploaded,) = s3.list_objects_v2(Bucket=bucket, Prefix=f"{checkout.stack}/")["Contents"]
    text = s3.get_object(Bucket=bucket, Key=uploaded["Key"])["Body"].read().decode()
    assert json.loads(text) == template
    assert text == json.dumps(json.loads(text), separators=(",", ":"))


def test_who_sees_the_change_set_and_disagrees_leaves_nothing_behind(cloud: Cloud, checkout: Checkout) -> None:
    code, said = checkout.answer("deploy", "yes", "no")
    assert code == 3, said
    assert "Add     Setting" in said
    assert "nothing was changed" in said
    assert checkout.stack not in stacks(cloud)


def test_who_disagrees_at_once_has_nothing_uploaded(cloud: Cloud, checkout: Checkout) -> None:
    before = client(cloud, "s3").list_buckets()["Buckets"]
    code, said = checkout.answer("deploy", "")
    assert (code, "Add" in said) == (3, False), said
    assert client(cloud, "s3").list_buckets()["Buckets"] == before


def test_why_it_failed_is_told(checkout: Checkout) -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}, "ManagedPolicyArns": ["arn:no"]}}
    checkout.write({"Resources": {"Wrong": role}})
    code, said = checkout.run("deploy", CONFIRM="yes")
    assert code == 1, said
    assert "Wrong:" in said
    assert "Traceback" not in said


@pytest.fixture
def script(load_module: Callable[[Path], ModuleType]) -> ModuleType:
    return load_module(ROOT / "scripts" / "deploy.py")


def test_what_outlives_a_stack_is_told_of_each_policy(script: ModuleType) -> None:
    policies = {"A": "Retain", "B": "RetainExceptOnCreate", "C": "Snapshot", "D": "Delete"}
    resources: dict[str, Any] = {name: {**PARAMETER, "DeletionPolicy": policy} for name, policy in policies.items()}
    assert script.retained({"Resources": {**resources, "E": PARAMETER}}) == ["A", "B", "C"]


def test_what_failed_in_an_earlier_deployment_is_no_reason(script: ModuleType) -> None:
    def event(name: str, status: str) -> dict[str, Any]:
        row = {"StackId": "id", "StackName": "shop", "Timestamp": datetime(2026, 1, 1, tzinfo=UTC)}
        return {**row, "EventId": name, "LogicalResourceId": name, "ResourceStatus": status}

    cloudformation: Any = boto3.client(
        "cloudformation", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    )
    newest_first = [
        event("Cancelled", "CREATE_FAILED"), event("Cause", "CREATE_FAILED"), event("begin", "UPDATE_IN_PROGRESS"),
        event("last", "UPDATE_COMPLETE"), event("Former", "UPDATE_FAILED"),
    ]  # fmt: skip
    with Stubber(cloudformation) as stubber:
        stubber.add_response("describe_stack_events", {"StackEvents": newest_first[3:]})
        stack = {"StackName": "shop", "CreationTime": datetime(2026, 1, 1, tzinfo=UTC)}
        stubber.add_response("describe_stacks", {"Stacks": [{**stack, "StackStatus": "UPDATE_ROLLBACK_COMPLETE"}]})
        stubber.add_response("describe_stack_events", {"StackEvents": newest_first})
        account = script.Account(SimpleNamespace(client=lambda _: cloudformation), ACCOUNT, "arn", REGION)
        before = script.latest_event(account, "shop")
        with pytest.raises(script.DeployError) as raised:
            script.wait(account, "shop", "stack_update_complete", before)
    assert [line.split(":")[0] for line in str(raised.value).splitlines()[1:]] == ["  Cause", "  Cancelled"]


@pytest.mark.parametrize("going", [EOFError, KeyboardInterrupt])
def test_who_goes_away_from_the_question_has_not_agreed(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, going: type[BaseException]
) -> None:
    def leave(_: str) -> str:
        raise going

    monkeypatch.delenv("CONFIRM", raising=False)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", leave)
    with pytest.raises(script.RefusedError, match="nobody agreed"):
        script.confirm("Execute?")


def test_an_endpoint_that_does_not_answer_is_told(checkout: Checkout) -> None:
    code, said = checkout.run(
        "destroy", CONFIRM="yes", AWS_MAX_ATTEMPTS="1", AWS_ENDPOINT_URL_CLOUDFORMATION="http://127.0.0.1:1"
    )
    assert (code, "Traceback" in said) == (1, False), said
    assert "127.0.0.1:1" in said


def test_a_missing_region_is_told(checkout: Checkout) -> None:
    code, said = checkout.run("deploy", AWS_REGION="")
    assert (code, "no Region is set" in said) == (1, True), said


def test_samconfig_names_templates_that_there_are() -> None:
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    named = {name: settings[name]["deploy"]["parameters"] for name in ("operations", "application")}
    assert named["operations"]["template_file"] == "build/operations.yaml", "made by scripts/render.py"
    assert (ROOT / named["application"]["template_file"]).is_file()
    assert all(section["confirm_changeset"] is True for section in named.values())
