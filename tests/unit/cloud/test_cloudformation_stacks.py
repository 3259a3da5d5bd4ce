"""Stacks as the service runs them: created in order, complete when hosts run, rolled back for real."""

from __future__ import annotations

import json
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.cloudformation import cloudformation_backends
from moto.ec2 import ec2_backends

from rehearsal.cloud.cloudformation.connector import EndpointConnector
from rehearsal.cloud.cloudformation.models import StackBackend
from rehearsal.cloud.ec2.backend import HostedEc2Backend
from rehearsal.cloud.inventory import Ec2Inventory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.usefixtures("no_associations")
ACCOUNT, REGION = "123456789012", "eu-central-1"
NETWORK = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "Subnet": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {
            "VpcId": {"Ref": "Vpc"},
            "CidrBlock": {"Fn::Select": ["1", {"Fn::Cidr": ["10.0.0.0/16", 4, 8]}]},
        },
    },
    "Group": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": "web",
            "VpcId": {"Ref": "Vpc"},
            "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": "443", "ToPort": "443", "CidrIp": "0.0.0.0/0"}],
        },
    },
}
HOST = {
    "Type": "AWS::EC2::Instance",
    "Properties": {
        "ImageId": "ami-12c6146b",
        "InstanceType": {"Ref": "Size"},
        "SubnetId": {"Ref": "Subnet"},
        "SecurityGroupIds": [{"Fn::GetAtt": ["Group", "GroupId"]}],
        "Tags": [{"Key": "Role", "Value": "web"}],
    },
}
SIZE = {"Size": {"Type": "String", "Default": "t3.micro", "AllowedValues": ["t3.micro", "t3.large"]}}


class Cloud:
    """What a test needs of the mock: clients, and a machine room that reports."""

    def __init__(self, clients: Callable[[str], Any]) -> None:
        self.client = clients
        self.cfn = self.client("cloudformation")
        self.ec2 = self.client("ec2")
        backend = ec2_backends[ACCOUNT][REGION]
        assert isinstance(backend, HostedEc2Backend)
        self.inventory = Ec2Inventory(backend, instant=True)

    def create(self, name: str, resources: dict[str, Any], **more: Any) -> dict[str, Any]:
        parameters = more.pop("parameters", {})
        body = json.dumps({"Resources": resources, **more.pop("sections", {})})
        self.cfn.create_stack(StackName=name, TemplateBody=body, Parameters=as_parameters(parameters), **more)
        return self.settled(name)

    def update(self, name: str, resources: dict[str, Any], **more: Any) -> dict[str, Any]:
        parameters = more.pop("parameters", {})
        body = json.dumps({"Resources": resources, **more.pop("sections", {})})
        self.cfn.update_stack(StackName=name, TemplateBody=body, Parameters=as_parameters(parameters), **more)
        return self.settled(name)

    def settled(self, name: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            (stack,) = self.cfn.describe_stacks(StackName=name)["Stacks"]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return dict(stack)
            time.sleep(0.02)
        raise AssertionError(f"{name} is still {stack['StackStatus']}: {self.events(name)}")

    def events(self, name: str) -> list[tuple[str, str, str]]:
        found = self.cfn.describe_stack_events(StackName=name)["StackEvents"]
        return [(e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason", "")) for e in found[::-1]]

    def physical_id(self, stack: str, logical_id: str) -> str:
        found = self.cfn.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])


def as_parameters(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


@pytest.fixture(scope="module")
def connector() -> EndpointConnector:
    """Clients outlive a test: making one takes longer than most tests."""
    return EndpointConnector()


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, connector: EndpointConnector) -> Iterator[Cloud]:
    monkeypatch.setattr(ec2_backends, "backend", HostedEc2Backend)
    monkeypatch.setattr(cloudformation_backends, "backend", partial(StackBackend, connector=connector))
    with mock_aws():
        yield Cloud(connector(REGION, "AKIDEXAMPLE", None))


def test_a_stack_is_created_in_order_with_the_tags_of_cloudformation(cloud: Cloud) -> None:
    outputs = {"Outputs": {"Address": {"Value": {"Fn::GetAtt": ["Host", "PrivateIp"]}, "Description": "where"}}}
    stack = cloud.create("app", {"Host": HOST, **NETWORK}, sections={"Parameters": SIZE, **outputs})
    assert stack["StackStatus"] == "CREATE_COMPLETE", cloud.events("app")
    assert stack["Outputs"] == [{"OutputKey": "Address", "OutputValue": "10.0.1.4", "Description": "where"}]
    (host,) = cloud.inventory.snapshot().hosts
    assert host.tags["Role"] == "web"
    assert host.tags["aws:cloudformation:stack-name"] == "app"
    assert host.tags["aws:cloudformation:logical-id"] == "Host"
    assert {(rule.direction, rule.from_port) for rule in host.rules} == {("ingress", 443), ("egress", None)}
    complete = [name for name, status, _ in cloud.events("app") if status == "CREATE_COMPLETE"]
    assert complete.index("Vpc") < complete.index("Subnet") < complete.index("Host") < complete.index("app")


def test_an_instance_is_complete_only_when_its_machine_runs(cloud: Cloud) -> None:
    cloud.inventory = Ec2Inventory(cloud.inventory._backend)  # from here on somebody has to report
    body = json.dumps({"Parameters": SIZE, "Resources": {"Host": HOST, **NETWORK}})
    cloud.cfn.create_stack(StackName="app", TemplateBody=body)
    snapshot = cloud.inventory.wait(0, 0)
    while not snapshot.hosts:
        snapshot = cloud.inventory.wait(snapshot.version, 30)
    (stack,) = cloud.cfn.describe_stacks(StackName="app")["Stacks"]
    assert stack["StackStatus"] == "CREATE_IN_PROGRESS"
    cloud.inventory.report(snapshot.hosts[0].instance_id, "running")
    assert cloud.settled("app")["StackStatus"] == "CREATE_COMPLETE"


def test_a_failed_resource_rolls_back_everything_and_is_named(cloud: Cloud) -> None:
    resources = {
        **NETWORK,
        "Bad": {"Type": "AWS::SSM::Parameter", "DependsOn": "Subnet", "Properties": {"Type": "Odd", "Value": "x"}},
    }
    stack = cloud.create("app", resources)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Outputs" not in stack
    reasons = {(name, status): reason for name, status, reason in cloud.events("app")}
    assert "Odd" in reasons["Bad", "CREATE_FAILED"]
    assert reasons["app", "ROLLBACK_IN_PROGRESS"].startswith("The following resource(s) failed to create: [Bad].")
    assert [vpc["CidrBlock"] for vpc in cloud.ec2.describe_vpcs()["Vpcs"]] == ["172.31.0.0/16"]


def test_rollback_can_be_switched_off(cloud: Cloud) -> None:
    bad = {"Bad": {"Type": "AWS::SSM::Parameter", "DependsOn": "Vpc", "Properties": {"Type": "Odd", "Value": "x"}}}
    stack = cloud.create("app", {"Vpc": NETWORK["Vpc"], **bad}, DisableRollback=True)
    assert stack["StackStatus"] == "CREATE_FAILED"
    assert cloud.physical_id("app", "Vpc").startswith("vpc-")


@pytest.mark.parametrize(
    ("resources", "text"),
    [
        (
            {"A": {"Type": "AWS::Nonsense::Thing"}, "B": {"Type": "AWS::CloudFormation::Macro"}},
            "Template format error: Unrecognized resource types: [AWS::CloudFormation::Macro, AWS::Nonsense::Thing]",
        ),
        (
            {"A": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Nobody"}}}},
            "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the template",
        ),
        (
            {"A": {"Type": "AWS::SNS::Topic", "DependsOn": "B"}, "B": {"Type": "AWS::SNS::Topic", "DependsOn": "A"}},
            "Circular dependency between resources: [A, B]",
        ),
        ({}, "Template format error: At least one Resources member must be defined."),
    ],
)
@pytest.mark.parametrize("operation", ["create_stack", "create_change_set"])
def test_a_template_that_cannot_work_is_refused_at_once(
    cloud: Cloud, resources: dict[str, Any], text: str, operation: str
) -> None:
    more = {"ChangeSetName": "c", "ChangeSetType": "CREATE"} if operation == "create_change_set" else {}
    with pytest.raises(ClientError) as refused:
        getattr(cloud.cfn, operation)(StackName="app", TemplateBody=json.dumps({"Resources": resources}), **more)
    assert refused.value.response["Error"] == {"Type": "Sender", "Code": "ValidationError", "Message": text}
    assert cloud.cfn.list_stacks()["StackSummaries"] == []


def test_a_transform_that_has_nothing_to_do_changes_nothing_and_others_are_refused(cloud: Cloud) -> None:
    topic = {"A": {"Type": "AWS::SNS::Topic"}}
    serverless = {"Transform": "AWS::Serverless-2016-10-31"}
    assert cloud.create("app", topic, sections=serverless)["StackStatus"] == "CREATE_COMPLETE"
    function = {"A": {"Type": "AWS::Serverless::Function"}}
    for resources, sections, text in (
        (topic, {"Transform": "AWS::LanguageExtensions"}, "Transforms are not part of this endpoint"),
        (function, serverless, "Unrecognized resource types"),
        (topic, {**serverless, "Globals": {}}, "Invalid template property or properties"),
    ):
        with pytest.raises(ClientError, match=text):
            cloud.create("other", resources, sections=sections)


@pytest.mark.parametrize(
    ("declaration", "value", "text"),
    [
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "A1", "Parameter 'P' must match pattern [a-z]+"),
        (
            {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "lower-case letters"},
            "A1",
            "Parameter P failed to satisfy constraint: lower-case letters",
        ),
        ({"Type": "String", "AllowedValues": ["a"]}, "b", "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "Number", "MaxValue": 3}, "4", "Parameter 'P' must be a number not greater than 3"),
        ({"Type": "Number"}, "x", "Parameter 'P' must be a number."),
        ({"Type": "String", "MinLength": 2}, "x", "Parameter 'P' must contain at least 2 characters"),
        (
            {"Type": "AWS::EC2::KeyPair::KeyName"},
            "nokey",
            "Parameter validation failed: parameter value nokey for parameter name P does not exist",
        ),
        (
            {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"},
            "/no/such",
            "Unable to fetch parameters [/no/such] from parameter store for this account.",
        ),
        ({"Type": "String"}, None, "Parameters: [P] must have values"),
    ],
)
def test_parameters_are_checked_on_the_server_with_the_texts_of_cloudformation(
    cloud: Cloud, declaration: dict[str, Any], value: str | None, text: str
) -> None:
    body = json.dumps({"Parameters": {"P": declaration}, "Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
    given = {} if value is None else {"P": value}
    with pytest.raises(ClientError) as refused:
        cloud.cfn.create_stack(StackName="app", TemplateBody=body, Parameters=as_parameters(given))
    assert refused.value.response["Error"]["Message"] == text


def test_rules_are_asserted_with_their_description(cloud: Cloud) -> None:
    body = """
Parameters: {Domain: {Type: String, Default: ""}, Mail: {Type: String, Default: ""}}
Rules:
  MailNeedsDomain:
    RuleCondition: !Not [!Equals [!Ref Domain, ""]]
    Assertions:
      - Assert: !Not [!Equals [!Ref Mail, ""]]
        AssertDescription: Give an e-mail address with a domain.
Resources: {Topic: {Type: "AWS::SNS::Topic"}}
"""
    with pytest.raises(ClientError, match=r"Give an e-mail address with a domain\."):
        cloud.cfn.create_stack(StackName="app", TemplateBody=body, Parameters=as_parameters({"Domain": "a.test"}))
    cloud.cfn.create_stack(StackName="app", TemplateBody=body)
    assert cloud.settled("app")["StackStatus"] == "CREATE_COMPLETE"


def test_a_public_parameter_of_parameter_store_gives_the_image(cloud: Cloud) -> None:
    cloud.client("ssm").put_parameter(Name="/images/web", Type="String", Value="ami-12c6146b")
    sections = {
        "Parameters": {
            **SIZE,
            "Image": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/images/web"},
        }
    }
    host = {**HOST, "Properties": {**HOST["Properties"], "ImageId": {"Ref": "Image"}}}  # type: ignore[dict-item]
    stack = cloud.create("app", {**NETWORK, "Host": host}, sections=sections)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {p["ParameterKey"]: p.get("ResolvedValue") for p in stack["Parameters"]} == {
        "Size": None,
        "Image": "ami-12c6146b",
    }
    assert cloud.inventory.snapshot().hosts[0].image_id == "ami-12c6146b"


def test_another_instance_type_stops_and_starts_the_same_instance(cloud: Cloud) -> None:
    resources, sections = {"Host": HOST, **NETWORK}, {"Parameters": SIZE}
    cloud.create("app", resources, sections=sections)
    before = cloud.physical_id("app", "Host")
    stack = cloud.update("app", resources, sections=sections, parameters={"Size": "t3.large"})
    assert stack["StackStatus"] == "UPDATE_COMPLETE", cloud.events("app")
    (host,) = cloud.inventory.snapshot().hosts
    assert (host.instance_id, host.instance_type, host.state) == (before, "t3.large", "running")


def test_what_cannot_change_in_place_is_replaced_and_the_old_one_deleted(cloud: Cloud) -> None:
    sections = {"Parameters": SIZE}
    cloud.create("app", {"Host": HOST, **NETWORK}, sections=sections)
    before = cloud.physical_id("app", "Host")
    other = {**HOST, "Properties": {**HOST["Properties"], "ImageId": "ami-760aaa0f"}}  # type: ignore[dict-item]
    assert cloud.update("app", {"Host": other, **NETWORK}, sections=sections)["StackStatus"] == "UPDATE_COMPLETE"
    assert cloud.physical_id("app", "Host") != before
    states = {host.instance_id: host.state for host in cloud.inventory.snapshot().hosts}
    assert states == {before: "terminated", cloud.physical_id("app", "Host"): "running"}


def test_a_failed_update_is_rolled_back_to_what_was(cloud: Cloud) -> None:
    good = {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/p", "Type": "String", "Value": "one"}}}
    cloud.create("app", good)
    changed = {
        "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/p", "Type": "String", "Value": "two"}},
        "Q": {
            "Type": "AWS::SSM::Parameter",
            "DependsOn": "P",
            "Properties": {"Name": "/q", "Type": "String", "Value": "q"},
        },
        "Bad": {"Type": "AWS::SSM::Parameter", "DependsOn": "Q", "Properties": {"Type": "Odd", "Value": "x"}},
    }
    stack = cloud.update("app", changed)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", cloud.events("app")
    stored = cloud.client("ssm").get_parameters(Names=["/p", "/q"])
    assert [(each["Name"], each["Value"]) for each in stored["Parameters"]] == [("/p", "one")]
    listed = cloud.cfn.describe_stack_resources(StackName="app")["StackResources"]
    assert [each["LogicalResourceId"] for each in listed] == ["P"]
    assert cloud.cfn.get_template(StackName="app")["TemplateBody"].get("Resources", {}).keys() == {"P"}


def test_nothing_to_update_is_refused(cloud: Cloud) -> None:
    resources = {"Topic": {"Type": "AWS::SNS::Topic"}}
    cloud.create("app", resources)
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cloud.update("app", resources)


def test_deletion_honours_retain_and_waits_for_hosts(cloud: Cloud) -> None:
    kept = {
        "Type": "AWS::SSM::Parameter",
        "DeletionPolicy": "Retain",
        "Properties": {"Name": "/k", "Type": "String", "Value": "v"},
    }
    cloud.create("app", {"Host": HOST, "Kept": kept, **NETWORK}, sections={"Parameters": SIZE})
    cloud.inventory = Ec2Inventory(cloud.inventory._backend)
    stack_id = cloud.cfn.describe_stacks(StackName="app")["Stacks"][0]["StackId"]
    cloud.cfn.delete_stack(StackName="app")
    snapshot = cloud.inventory.snapshot()
    while snapshot.hosts[0].state != "shutting-down":
        snapshot = cloud.inventory.wait(snapshot.version, 30)
    assert cloud.cfn.describe_stacks(StackName="app")["Stacks"][0]["StackStatus"] == "DELETE_IN_PROGRESS"
    cloud.inventory.report(snapshot.hosts[0].instance_id, "terminated")
    assert cloud.settled(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert ("Kept", "DELETE_SKIPPED", "") in cloud.events(stack_id)
    assert cloud.client("ssm").get_parameter(Name="/k")["Parameter"]["Value"] == "v"
    with pytest.raises(ClientError, match="Stack with id app does not exist"):
        cloud.cfn.describe_stacks(StackName="app")


def test_a_change_set_shows_and_then_does_what_changes(cloud: Cloud) -> None:
    body = json.dumps({"Parameters": SIZE, "Resources": {"Host": HOST, **NETWORK}})
    request = {"StackName": "app", "ChangeSetName": "one", "TemplateBody": body}
    change_set = cloud.cfn.create_change_set(**request, ChangeSetType="CREATE")["Id"]
    cloud.cfn.get_waiter("change_set_create_complete").wait(ChangeSetName=change_set, WaiterConfig={"Delay": 1})
    shown = cloud.cfn.describe_change_set(ChangeSetName=change_set)
    assert {c["ResourceChange"]["Action"] for c in shown["Changes"]} == {"Add"}
    cloud.cfn.execute_change_set(ChangeSetName=change_set)
    assert cloud.settled("app")["StackStatus"] == "CREATE_COMPLETE"
    same = cloud.cfn.create_change_set(**{**request, "ChangeSetName": "two"}, ChangeSetType="UPDATE")["Id"]
    shown = cloud.cfn.describe_change_set(ChangeSetName=same)
    assert (shown["Status"], shown["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert shown["StatusReason"].startswith("The submitted information didn't contain changes.")
    larger = cloud.cfn.create_change_set(
        StackName="app", ChangeSetName="three", UsePreviousTemplate=True, Parameters=as_parameters({"Size": "t3.large"})
    )["Id"]
    (change,) = cloud.cfn.describe_change_set(ChangeSetName=larger)["Changes"]
    assert (change["ResourceChange"]["LogicalResourceId"], change["ResourceChange"]["Replacement"]) == ("Host", "False")


def test_documents_keep_their_versions_or_refuse_replacement(cloud: Cloud) -> None:
    def document(text: str, method: str) -> dict[str, Any]:
        content = {
            "schemaVersion": "2.2",
            "description": text,
            "mainSteps": [{"action": "aws:runShellScript", "name": "s", "inputs": {"runCommand": ["true"]}}],
        }
        properties = {"Name": "Doc", "Content": content, "DocumentType": "Command", "DocumentFormat": "YAML"}
        return {"Doc": {"Type": "AWS::SSM::Document", "Properties": {**properties, "UpdateMethod": method}}}

    assert cloud.create("docs", document("one", "NewVersion"))["StackStatus"] == "CREATE_COMPLETE", cloud.events("docs")
    assert cloud.update("docs", document("two", "NewVersion"))["StackStatus"] == "UPDATE_COMPLETE", cloud.events("docs")
    described = cloud.client("ssm").describe_document(Name="Doc")["Document"]
    assert (described["DefaultVersion"], described["LatestVersion"]) == ("2", "2")
    assert cloud.update("docs", document("three", "Replace"))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reasons = [reason for name, status, reason in cloud.events("docs") if (name, status) == ("Doc", "UPDATE_FAILED")]
    text = "CloudFormation cannot update a stack when a custom-named resource requires replacing."
    assert reasons == [f"{text} Rename Doc and update the stack again."]


def test_a_generated_secret_is_in_secrets_manager_and_nowhere_else(cloud: Cloud) -> None:
    generate = {"SecretStringTemplate": '{"username": "app"}', "GenerateStringKey": "password", "PasswordLength": 32}
    resources = {
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": generate}},
        "Copy": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Name": "/copy",
                "Type": "String",
                "Value": {"Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString:password}}"},
            },
        },
    }
    assert cloud.create("app", resources)["StackStatus"] == "CREATE_COMPLETE", cloud.events("app")
    arn = cloud.physical_id("app", "Secret")
    value = json.loads(cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    assert value["username"] == "app"
    assert len(value["password"]) == 32
    assert cloud.client("ssm").get_parameter(Name="/copy")["Parameter"]["Value"] == value["password"]
    backend = cloudformation_backends[ACCOUNT][REGION]
    assert isinstance(backend, StackBackend)
    (stack,) = backend.stacks.values()
    kept = [resource.properties for resource in stack.resources.values()]
    assert value["password"] not in repr((stack.template, stack.values, stack.events, stack.outputs, kept))


def test_iam_needs_to_be_acknowledged(cloud: Cloud) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
    role = {"Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "web", "AssumeRolePolicyDocument": trust}}}
    with pytest.raises(ClientError) as refused:
        cloud.create("app", role, Capabilities=["CAPABILITY_IAM"])
    assert refused.value.response["Error"]["Code"] == "InsufficientCapabilitiesException"
    assert refused.value.response["Error"]["Message"] == "Requires capabilities : [CAPABILITY_NAMED_IAM]"
    assert cloud.create("app", role, Capabilities=["CAPABILITY_NAMED_IAM"])["StackStatus"] == "CREATE_COMPLETE"


def test_unknown_and_missing_properties_fail_the_resource(cloud: Cloud) -> None:
    stack = cloud.create("app", {"T": {"Type": "AWS::SNS::Topic", "Properties": {"Colour": "red"}}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any("extraneous key [Colour] is not permitted" in reason for _, _, reason in cloud.events("app"))


def test_unordered_resources_are_made_side_by_side(cloud: Cloud) -> None:
    cloud.inventory = Ec2Inventory(cloud.inventory._backend)
    body = json.dumps({"Parameters": SIZE, "Resources": {"One": HOST, "Two": HOST, **NETWORK}})
    cloud.cfn.create_stack(StackName="app", TemplateBody=body)
    snapshot = cloud.inventory.snapshot()
    while len(snapshot.hosts) < 2:
        snapshot = cloud.inventory.wait(snapshot.version, 30)
    reports = [threading.Thread(target=cloud.inventory.report, args=(h.instance_id, "running")) for h in snapshot.hosts]
    for report in reports:
        report.start()
    assert cloud.settled("app")["StackStatus"] == "CREATE_COMPLETE"


def test_a_stack_that_is_still_created_can_be_deleted(cloud: Cloud) -> None:
    cloud.inventory = Ec2Inventory(cloud.inventory._backend)
    cloud.cfn.create_stack(
        StackName="app", TemplateBody=json.dumps({"Parameters": SIZE, "Resources": {"Host": HOST, **NETWORK}})
    )
    snapshot = cloud.inventory.snapshot()
    while not snapshot.hosts:
        snapshot = cloud.inventory.wait(snapshot.version, 30)
    listed = cloud.cfn.describe_stack_resources(StackName="app")["StackResources"]
    assert ("Host", "CREATE_IN_PROGRESS") in [(r["LogicalResourceId"], r["ResourceStatus"]) for r in listed]
    stack_id = cloud.cfn.describe_stacks(StackName="app")["Stacks"][0]["StackId"]
    cloud.cfn.delete_stack(StackName="app")
    while cloud.inventory.snapshot().hosts[0].state != "shutting-down":
        time.sleep(0.01)
    cloud.inventory.report(snapshot.hosts[0].instance_id, "terminated")
    assert cloud.settled(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert [vpc["CidrBlock"] for vpc in cloud.ec2.describe_vpcs()["Vpcs"]] == ["172.31.0.0/16"]


def test_a_cancelled_update_is_rolled_back(cloud: Cloud) -> None:
    cloud.create("app", NETWORK, sections={"Parameters": SIZE})
    cloud.inventory = Ec2Inventory(cloud.inventory._backend)
    body = json.dumps({"Parameters": SIZE, "Resources": {"Host": HOST, **NETWORK}})
    cloud.cfn.update_stack(StackName="app", TemplateBody=body)
    while not cloud.inventory.snapshot().hosts:
        time.sleep(0.01)
    cloud.cfn.cancel_update_stack(StackName="app")
    while cloud.inventory.snapshot().hosts[0].state != "shutting-down":
        time.sleep(0.01)
    cloud.inventory.report(cloud.inventory.snapshot().hosts[0].instance_id, "terminated")
    assert cloud.settled("app")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    listed = cloud.cfn.describe_stack_resources(StackName="app")["StackResources"]
    assert {r["LogicalResourceId"] for r in listed} == set(NETWORK)
