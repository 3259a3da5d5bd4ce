"""Scripts that call AWS, against moto: the secret's stages, backups, gates, archives, and what they refuse."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_CONFIG_FILE", raising=False)
    with mock_aws():
        yield


def make_secret() -> str:
    value = json.dumps({"username": "appuser", "password": "first"})
    arn: str = boto3.client("secretsmanager").create_secret(Name="database", SecretString=value)["ARN"]
    return arn


def password_of(arn: str, stage: str) -> str:
    answer = boto3.client("secretsmanager").get_secret_value(SecretId=arn, VersionStage=stage)
    password: str = json.loads(answer["SecretString"])["password"]
    return password


def test_a_rotation_prepares_a_pending_version_and_returns_no_secret(script: Callable[[str], ModuleType]) -> None:
    arn = make_secret()
    answer = script("rotation_prepare").prepare({"SecretArn": arn}, None)
    assert set(answer) == {"CurrentVersion", "PendingVersion", "Resumed"}
    assert answer["Resumed"] is False
    assert password_of(arn, "AWSCURRENT") == "first"
    assert len(password_of(arn, "AWSPENDING")) == 32
    assert password_of(arn, "AWSPENDING") not in json.dumps(answer)


def test_a_rotation_that_was_cut_off_is_taken_up(script: Callable[[str], ModuleType]) -> None:
    arn = make_secret()
    first = script("rotation_prepare").prepare({"SecretArn": arn}, None)
    pending = password_of(arn, "AWSPENDING")
    second = script("rotation_prepare").prepare({"SecretArn": arn}, None)
    assert second == {**first, "Resumed": True}
    assert password_of(arn, "AWSPENDING") == pending


def test_a_promotion_keeps_the_former_version_for_going_back(script: Callable[[str], ModuleType]) -> None:
    arn = make_secret()
    versions = script("rotation_prepare").prepare({"SecretArn": arn}, None)
    pending = password_of(arn, "AWSPENDING")
    promote = {
        "SecretArn": arn,
        "CurrentVersion": versions["PendingVersion"],
        "PendingVersion": versions["PendingVersion"],
    }
    for _ in range(2):
        script("rotation_stages").move(promote, None)
        assert password_of(arn, "AWSCURRENT") == pending
        assert password_of(arn, "AWSPREVIOUS") == "first"
    undo = {**promote, "CurrentVersion": versions["CurrentVersion"]}
    for _ in range(2):
        script("rotation_stages").move(undo, None)
        assert password_of(arn, "AWSCURRENT") == "first"


def test_an_undo_before_the_promotion_takes_the_pending_stage_away(script: Callable[[str], ModuleType]) -> None:
    arn = make_secret()
    versions = script("rotation_prepare").prepare({"SecretArn": arn}, None)
    script("rotation_stages").move({"SecretArn": arn, **versions}, None)
    stages = boto3.client("secretsmanager").describe_secret(SecretId=arn)["VersionIdsToStages"]
    assert stages[versions["CurrentVersion"]] == ["AWSCURRENT"]
    assert "AWSPENDING" not in stages.get(versions["PendingVersion"], [])


def put_backup(client: Any, name: str, *, complete: bool) -> None:
    key = f"flask-app/backups/{name}.sql.gz"
    client.put_object(Bucket="library-bucket", Key=key, Body=b"dump")
    if complete:
        manifest = {"key": key, "sha256": "0" * 64, "rows": {"visits": 3, "settings": 1}}
        client.put_object(Bucket="library-bucket", Key=f"{key}.json", Body=json.dumps(manifest))


def test_the_newest_complete_backup_is_chosen(script: Callable[[str], ModuleType]) -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="library-bucket")
    put_backup(client, "20261121T000000Z", complete=True)
    put_backup(client, "20261122T000000Z", complete=True)
    put_backup(client, "20261123T000000Z", complete=False)
    events = {"Bucket": "library-bucket", "Prefix": "flask-app/backups", "Key": ""}
    answer = script("choose_backup").choose(events, None)
    assert answer["Key"] == "flask-app/backups/20261122T000000Z.sql.gz"
    assert answer["Rows"] == "settings=1 visits=3"


def test_no_backup_and_an_unfinished_backup_are_told_apart(script: Callable[[str], ModuleType]) -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="library-bucket")
    events = {"Bucket": "library-bucket", "Prefix": "flask-app/backups", "Key": ""}
    with pytest.raises(RuntimeError, match="run FlaskOps-BackupDatabase first"):
        script("choose_backup").choose(events, None)
    put_backup(client, "20261123T000000Z", complete=False)
    with pytest.raises(RuntimeError, match="has no manifest"):
        script("choose_backup").choose({**events, "Key": "flask-app/backups/20261123T000000Z.sql.gz"}, None)


def run_instance(**tags: str) -> str:
    client = boto3.client("ec2")
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    answer = client.run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        TagSpecifications=[{"ResourceType": "instance", "Tags": listed}],
    )
    identifier: str = answer["Instances"][0]["InstanceId"]
    return identifier


@pytest.mark.parametrize(("value", "words"), [("refused", "is refused"), (None, "is missing")])
def test_hosts_that_did_not_opt_in_refuse_drills(
    script: Callable[[str], ModuleType], value: str | None, words: str
) -> None:
    willing = run_instance(**{"FlaskOps:Drills": "allowed"})
    unwilling = run_instance(**({"FlaskOps:Drills": value} if value else {"Name": "x"}))
    with pytest.raises(RuntimeError, match=words) as caught:
        script("drill_gate").gate({"InstanceIds": [willing, unwilling]}, None)
    assert unwilling in str(caught.value)
    assert script("drill_gate").gate({"InstanceIds": [willing]}, None) == {"Checked": willing}


def test_a_type_of_another_architecture_is_refused(script: Callable[[str], ModuleType]) -> None:
    instance = run_instance(Role="web")
    events = {"InstanceId": instance, "InstanceType": "t3.small", "Role": "web"}
    answer = script("scale_check").check(events, None)
    assert answer == {"FormerType": "t3.micro", "ParameterKey": "WebInstanceType", "Needed": True}
    assert script("scale_check").check({**events, "InstanceType": "t3.micro"}, None)["Needed"] is False
    with pytest.raises(RuntimeError, match=r"t4g\.small is arm64"):
        script("scale_check").check({**events, "InstanceType": "t4g.small"}, None)
    with pytest.raises(RuntimeError, match=r"no instance type t3\.enormous"):
        script("scale_check").check({**events, "InstanceType": "t3.enormous"}, None)


def test_a_stack_that_does_not_exist_is_named(script: Callable[[str], ModuleType]) -> None:
    with pytest.raises(RuntimeError, match="There is no stack nothing-here"):
        script("find_stack").find_stack({"StackName": "nothing-here"}, None)


def make_stack(outputs: dict[str, str]) -> None:
    template = {
        "Parameters": {"DomainName": {"Type": "String", "Default": "shop.example.test"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    boto3.client("cloudformation").create_stack(StackName="flask-app", TemplateBody=json.dumps(template))


def test_a_stack_of_somebody_else_is_refused(script: Callable[[str], ModuleType]) -> None:
    make_stack({"Other": "x"})
    with pytest.raises(RuntimeError, match="no output WebInstanceId, DatabaseInstanceId, DatabaseSecretArn"):
        script("find_stack").find_stack({"StackName": "flask-app"}, None)


def test_a_stack_is_found_with_its_documents_pinned(script: Callable[[str], ModuleType]) -> None:
    make_stack({"WebInstanceId": "i-1", "DatabaseInstanceId": "i-2", "DatabaseSecretArn": "arn"})
    content = json.dumps({"schemaVersion": "2.2", "description": "x", "mainSteps": []})
    ssm = boto3.client("ssm")
    ssm.create_document(Name="FlaskOps-CheckReady", Content=content, DocumentType="Command", DocumentFormat="JSON")
    events = {"StackName": "flask-app", "NeedsAgents": False, "Documents": ["FlaskOps-CheckReady"]}
    answer = script("find_stack").find_stack(events, None)
    assert answer["WebInstanceId"] == "i-1"
    assert answer["DomainName"] == "shop.example.test"
    assert answer["Versions"] == {"CheckReady": "1"}
    assert answer["Hashes"]["CheckReady"] == ssm.describe_document(Name="FlaskOps-CheckReady")["Document"]["Hash"]


def test_diagnostics_of_both_hosts_become_one_archive(script: Callable[[str], ModuleType]) -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket="library-bucket")
    vpc = boto3.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for host in ("web", "database"):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as part:
            entry = tarfile.TarInfo("diagnostics/units.txt")
            entry.size = 3
            part.addfile(entry, io.BytesIO(b"abc"))
        client.put_object(Bucket="library-bucket", Key=f"s/diagnostics/e/{host}.tar.gz", Body=buffer.getvalue())
    events = {"Bucket": "library-bucket", "Prefix": "s/diagnostics/e", "VpcId": vpc}
    answer = script("diagnostics_archive").archive(events, None)
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket="library-bucket")["Contents"]]
    assert keys == [answer["Key"]], "the parts are gone"
    body = client.get_object(Bucket="library-bucket", Key=answer["Key"])["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as whole:
        assert sorted(whole.getnames()) == ["database/units.txt", "network.json", "web/units.txt"]


@pytest.mark.parametrize("password", ["p@ss:/#%word", 'quo"te\\d', "äöü€ x"])
def test_secrets_are_masked_by_value_in_every_spelling(
    script: Callable[[str], ModuleType], password: str, tmp_path: Path
) -> None:
    value = json.dumps({"username": "appuser", "password": password})
    arn = boto3.client("secretsmanager").create_secret(Name="masked", SecretString=value)["ARN"]
    module = script("mask")
    spellings = module.values_of(arn)
    file = tmp_path / "log.txt"
    file.write_bytes(b"before " + b" between ".join(spellings) + b" after")
    mask_folder(module, tmp_path, arn)
    content = file.read_bytes()
    assert content.startswith(b"before ")
    assert content.endswith(b" after")
    assert not any(spelling in content for spelling in spellings)


def mask_folder(module: ModuleType, folder: Path, arn: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.sys, "argv", ["mask.py", str(folder), arn])
        module.main()


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY-----\nMIIhidden\n-----END PRIVATE KEY-----",
        "password=hidden",
        "password = hidden",
        "ALTER USER x IDENTIFIED BY 'hidden'",
        "mysql://appuser:hidden@10.0.2.10/appdb",
        "AKIAHIDDENHIDDEN1234",
    ],
)
def test_secrets_are_masked_by_shape(script: Callable[[str], ModuleType], text: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(text, encoding="utf-8")
    mask_folder(script("mask"), tmp_path, make_secret())
    assert "hidden" not in file.read_text(encoding="utf-8").lower()


def test_a_window_without_both_ends_is_refused(script: Callable[[str], ModuleType]) -> None:
    events = {"ExecutionId": "", "Start": "2026-11-23T09:30:00Z", "End": "", "StackName": "flask-app"}
    with pytest.raises(RuntimeError, match="both Start and End"):
        script("write_postmortem").write(events, None)
    with pytest.raises(RuntimeError, match="End has to be later"):
        script("write_postmortem").write({**events, "End": "2026-11-23T09:00:00Z"}, None)
