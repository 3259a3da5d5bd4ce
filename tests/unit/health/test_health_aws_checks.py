"""Each check of what AWS alone knows, made to fail alone, against a real endpoint with a stack that has hosts."""

from __future__ import annotations

import datetime as dt
import json
import urllib.request
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from rehearsal.cloud import Cloud, CloudSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

from aws_checks import check_agents, check_backup, check_nat_gateway
from results import Finding, Status
from running import Check, run_all
from settings import Settings, read

REGION, STACK, BUCKET = "us-east-1", "shop", "shop-operations"
PREFIX = f"{STACK}/backups/"
CHECKS = (
    Check("Agents", check_agents, counts=False),
    Check("NatGateway", check_nat_gateway, counts=False),
    Check("Backup", check_backup, counts=False),
)
HOST = {"ImageId": "ami-12c6146b", "SubnetId": {"Ref": "Subnet"}}
NETWORK = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.1.0/24"}},
    "Web": {"Type": "AWS::EC2::Instance", "Properties": {**HOST, "Tags": [{"Key": "Name", "Value": "shop-web"}]}},
    "Data": {"Type": "AWS::EC2::Instance", "Properties": {**HOST, "Tags": [{"Key": "Name", "Value": "shop-database"}]}},
    "Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}},
    "Nat": {
        "Type": "AWS::EC2::NatGateway",
        "Properties": {"SubnetId": {"Ref": "Subnet"}, "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]}},
    },
}


@dataclass(frozen=True)
class Deployed:
    """An endpoint with one stack: its hosts by logical ID."""

    cloud: Cloud
    session: Any
    hosts: dict[str, str]

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.cloud.url)

    def report(self, instance_id: str) -> None:
        """Be in touch, as the host's agent."""
        credential = f"AWS4-HMAC-SHA256 Credential=AKIAHOST/20260101/{REGION}/ssm/aws4_request"
        said = {
            "InstanceId": instance_id, "AgentName": "amazon-ssm-agent", "AgentVersion": "3.3.3572.0",
            "AgentStatus": "Active", "PlatformType": "Linux", "PlatformName": "Debian", "PlatformVersion": "13",
            "IPAddress": "10.0.1.10", "ComputerName": "host",
        }  # fmt: skip
        request = urllib.request.Request(  # noqa: S310 - the address of the test's own endpoint
            self.cloud.url,
            data=json.dumps(said).encode(),
            headers={
                "X-Amz-Target": "AmazonSSM.UpdateInstanceInformation",
                "Content-Type": "application/x-amz-json-1.1",
                "Authorization": f"{credential}, SignedHeaders=host, Signature=0",
            },
        )
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - as above

    def go_silent(self, instance_id: str) -> None:
        """Let the agent have been out of touch for longer than Systems Manager waits."""
        self.cloud.ssm().nodes.get(instance_id).last_contact -= self.cloud.settings.connection_lost_after + 1


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    cloud = Cloud(CloudSettings(region=REGION, listen=(("127.0.0.1", 0),), instant_hosts=True))
    cloud.start()
    session: Any = boto3.session.Session(
        aws_access_key_id="AKIAADMINISTRATOR000", aws_secret_access_key="unchecked", region_name=REGION
    )
    cloudformation = session.client("cloudformation", endpoint_url=cloud.url)
    cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps({"Resources": NETWORK}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    rows = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    hosts = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in rows if r["ResourceType"] == "AWS::EC2::Instance"}
    yield Deployed(cloud, session, hosts)
    cloud.stop()


@pytest.fixture
def well(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """A stack whose agents are in touch and whose backup is fresh; what a test breaks is whole again afterwards."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", deployed.cloud.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAADMINISTRATOR000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "unchecked")
    for host in deployed.hosts.values():
        deployed.report(host)
    s3 = deployed.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for suffix in ("sql.gz", "sql.gz.json"):
        s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}20260101T000000Z.{suffix}", Body=b"{}")
    yield deployed
    for row in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        s3.delete_object(Bucket=BUCKET, Key=row["Key"])
    s3.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def settings() -> Settings:
    """A check's time is long: the endpoint loads a service at its first call, on a machine that may be busy."""
    environment = {"STACK_NAME": STACK, "PUBLIC_HOST": "shop.example.test", "BACKUP_BUCKET": BUCKET}
    return read({**environment, "BACKUP_PREFIX": PREFIX, "CHECK_TIMEOUT_SECONDS": "60"})


def look(settings: Settings) -> dict[str, Finding]:
    return {result.name: result.finding for result in run_all(CHECKS, settings, limit_seconds=90)}


def failing(findings: dict[str, Finding]) -> dict[str, tuple[Status, str]]:
    return {name: (f.status, f.detail) for name, f in findings.items() if f.status is not Status.OK}


def test_a_whole_stack_is_ok_everywhere(well: Deployed, settings: Settings) -> None:  # noqa: ARG001 - for its effect
    findings = look(settings)
    assert failing(findings) == {}
    assert findings["Agents"].detail == "2 of 2 agents are online"
    assert findings["Backup"].metrics[0][0] == "BackupAge"


def test_a_stopped_agent_is_named_with_its_host(well: Deployed, settings: Settings) -> None:
    host = well.hosts["Data"]
    well.go_silent(host)
    assert failing(look(settings)) == {
        "Agents": (Status.DEGRADED, f"no agent on shop-database ({host}): ConnectionLost")
    }


def test_a_stack_without_hosts_is_down(well: Deployed, settings: Settings) -> None:  # noqa: ARG001 - for its effect
    finding = check_agents(replace(settings, stack_name="other"))
    assert finding == Finding(Status.DOWN, "the stack other has no host that is not terminated")


@pytest.mark.parametrize(("state", "said"), [("failed", "failed"), ("deleted", "missing")])
def test_a_nat_gateway_that_is_not_available_is_told(
    well: Deployed, settings: Settings, monkeypatch: pytest.MonkeyPatch, state: str, said: str
) -> None:
    (gateway,) = well.cloud.door.backend("ec2", REGION).nat_gateways.values()
    monkeypatch.setattr(gateway, "state", state)
    assert failing(look(settings)) == {"NatGateway": (Status.DEGRADED, f"the NAT gateway is {said}")}


def test_an_old_backup_is_told_with_its_age(well: Deployed, settings: Settings) -> None:
    for key in well.cloud.door.backend("s3", "aws").buckets[BUCKET].keys.values():
        key.last_modified -= dt.timedelta(hours=30)
    cause = "the last backup is 30.0 h old, more than 26 h"
    assert failing(look(settings)) == {"Backup": (Status.DEGRADED, cause)}


def test_a_dump_without_its_manifest_is_no_backup(well: Deployed, settings: Settings) -> None:
    well.client("s3").delete_object(Bucket=BUCKET, Key=f"{PREFIX}20260101T000000Z.sql.gz.json")
    findings = look(replace(settings, backup_max_age_hours=1e-9))
    status, detail = failing(findings)["Backup"]
    assert status is Status.DEGRADED
    assert detail.startswith(f"no backup in {BUCKET}/{PREFIX}, and the stack is ")


def test_a_young_stack_may_have_no_backup_yet(well: Deployed, settings: Settings) -> None:
    well.client("s3").delete_object(Bucket=BUCKET, Key=f"{PREFIX}20260101T000000Z.sql.gz.json")
    finding = check_backup(settings)
    assert finding.status is Status.OK
    assert "no backup" in finding.detail


def test_the_backups_of_another_stack_do_not_count(well: Deployed, settings: Settings) -> None:
    well.client("s3").put_object(Bucket=BUCKET, Key="other/backups/20270101T000000Z.sql.gz.json", Body=b"{}")
    well.client("s3").delete_object(Bucket=BUCKET, Key=f"{PREFIX}20260101T000000Z.sql.gz.json")
    assert check_backup(settings).detail.startswith("no backup")


def test_a_missing_bucket_is_told(well: Deployed, settings: Settings) -> None:  # noqa: ARG001 - for its effect
    status, detail = failing(look(replace(settings, backup_bucket="nowhere-at-all")))["Backup"]
    assert status is Status.DOWN
    assert "NoSuchBucket" in detail
