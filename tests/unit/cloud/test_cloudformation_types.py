"""Every resource type of this endpoint: made, changed in place, deleted, with properties that the registry knows."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws
from moto.cloudformation import cloudformation_backends
from moto.ec2 import ec2_backends
from moto.iam import iam_backends

from rehearsal.cloud.cloudformation.connector import EndpointConnector
from rehearsal.cloud.cloudformation.models import StackBackend
from rehearsal.cloud.cloudformation.moto_types import MotoType
from rehearsal.cloud.cloudformation.registry import resource_types
from rehearsal.cloud.cloudformation.schema import type_schema
from rehearsal.cloud.ec2.backend import HostedEc2Backend
from rehearsal.cloud.iam.models import AuditedIamBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.usefixtures("no_associations")
REGION = "eu-central-1"
OWN = sorted(name for name, kind in resource_types().items() if not isinstance(kind, MotoType))


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def statement(**more: Any) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | more],
    }


TRUST = statement(Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole")
del TRUST["Statement"][0]["Resource"]
ROOT = {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}

# Each resource: type, properties, and the properties that an update changes.
RESOURCES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "Topic": ("AWS::SNS::Topic", {"DisplayName": "one", "KmsMasterKeyId": "alias/aws/sns"}, {"DisplayName": "two"}),
    "TopicPolicy": (
        "AWS::SNS::TopicPolicy",
        {"Topics": [ref("Topic")], "PolicyDocument": statement(Principal=ROOT, Action="sns:Publish")},
        {"PolicyDocument": statement(Principal=ROOT, Action="sns:Subscribe")},
    ),
    "Subscription": (
        "AWS::SNS::Subscription",
        {"TopicArn": ref("Topic"), "Protocol": "sqs", "Endpoint": att("Queue", "Arn")},
        {"RawMessageDelivery": "true"},
    ),
    "Queue": ("AWS::SQS::Queue", {"VisibilityTimeout": "60"}, {"VisibilityTimeout": 90}),
    "QueuePolicy": (
        "AWS::SQS::QueuePolicy",
        {"Queues": [ref("Queue")], "PolicyDocument": statement(Principal=ROOT, Action="sqs:SendMessage")},
        {"PolicyDocument": statement(Principal=ROOT, Action="sqs:ReceiveMessage")},
    ),
    "Key": (
        "AWS::KMS::Key",
        {"Description": "one", "KeyPolicy": statement(Principal=ROOT, Action="kms:*"), "PendingWindowInDays": 7},
        {"Description": "two", "EnableKeyRotation": "true"},
    ),
    "Alias": ("AWS::KMS::Alias", {"AliasName": "alias/it", "TargetKeyId": ref("Key")}, {}),
    "Group": ("AWS::Logs::LogGroup", {"RetentionInDays": "30", "KmsKeyId": att("Key", "Arn")}, {"RetentionInDays": 7}),
    "Filter": (
        "AWS::Logs::MetricFilter",
        {
            "LogGroupName": ref("Group"),
            "FilterPattern": "ERROR",
            "MetricTransformations": [{"MetricName": "m", "MetricNamespace": "n", "MetricValue": "1"}],
        },
        {"FilterPattern": "FATAL"},
    ),
    "Bucket": (
        "AWS::S3::Bucket",
        {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            "VersioningConfiguration": {"Status": "Enabled"},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": "true"},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        },
        {"LifecycleConfiguration": {"Rules": [{"Id": "old", "Status": "Enabled", "ExpirationInDays": 9}]}},
    ),
    "BucketPolicy": (
        "AWS::S3::BucketPolicy",
        {"Bucket": ref("Bucket"), "PolicyDocument": statement(Principal="*", Effect="Deny")},
        {"PolicyDocument": statement(Principal="*", Effect="Deny", Action="s3:*")},
    ),
    "Role": (
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": TRUST,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"],
            "Policies": [{"PolicyName": "one", "PolicyDocument": statement()}],
        },
        {
            "Policies": [{"PolicyName": "two", "PolicyDocument": statement()}],
            "ManagedPolicyArns": [],
            "Description": "d",
        },
    ),
    "Profile": ("AWS::IAM::InstanceProfile", {"Roles": [ref("Role")]}, {}),
    "Managed": (
        "AWS::IAM::ManagedPolicy",
        {"PolicyDocument": statement(), "Roles": [ref("Role")]},
        {"PolicyDocument": statement(Action="s3:PutObject")},
    ),
    "Inline": (
        "AWS::IAM::Policy",
        {"PolicyName": "i", "PolicyDocument": statement(), "Roles": [ref("Role")]},
        {"PolicyDocument": statement(Action="s3:PutObject")},
    ),
    "RolePolicy": (
        "AWS::IAM::RolePolicy",
        {"PolicyName": "j", "PolicyDocument": statement(), "RoleName": ref("Role")},
        {"PolicyDocument": statement(Action="s3:PutObject")},
    ),
    "Function": (
        "AWS::Lambda::Function",
        {
            "Handler": "index.handler",
            "Runtime": "python3.12",
            "Role": att("Role", "Arn"),
            "Timeout": "30",
            "Code": {"ZipFile": "def handler(event, context): return 1"},
            "ReservedConcurrentExecutions": "1",
        },
        {"Code": {"ZipFile": "def handler(event, context): return 2"}, "MemorySize": "256"},
    ),
    "Permission": (
        "AWS::Lambda::Permission",
        {"FunctionName": ref("Function"), "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"},
        {},
    ),
    "Retries": (
        "AWS::Lambda::EventInvokeConfig",
        {"FunctionName": ref("Function"), "Qualifier": "$LATEST", "MaximumRetryAttempts": "0"},
        {"MaximumEventAgeInSeconds": "60"},
    ),
    "Rule": (
        "AWS::Events::Rule",
        {"ScheduleExpression": "rate(1 minute)", "Targets": [{"Arn": att("Function", "Arn"), "Id": "one"}]},
        {"Targets": [{"Arn": att("Function", "Arn"), "Id": "two"}]},
    ),
    "Schedule": (
        "AWS::Scheduler::Schedule",
        {
            "ScheduleExpression": "rate(1 minute)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": att("Function", "Arn"), "RoleArn": att("Role", "Arn")},
        },
        {"ScheduleExpression": "rate(2 minutes)"},
    ),
    "Schedules": ("AWS::Scheduler::ScheduleGroup", {}, {}),
    "Alarm": (
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": "m",
            "Namespace": "n",
            "Statistic": "Maximum",
            "Period": "60",
            "EvaluationPeriods": "1",
            "Threshold": "1",
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [ref("Topic")],
        },
        {"Threshold": "2"},
    ),
    "Dashboard": (
        "AWS::CloudWatch::Dashboard",
        {"DashboardName": "d", "DashboardBody": '{"widgets":[]}'},
        {"DashboardBody": '{"widgets":[],"start":"-PT1H"}'},
    ),
    "Parameter": ("AWS::SSM::Parameter", {"Type": "String", "Value": "one"}, {"Value": "two"}),
    "Secret": (
        "AWS::SecretsManager::Secret",
        {"GenerateSecretString": {"PasswordLength": 20}, "KmsKeyId": ref("Key"), "Description": "one"},
        {"Description": "two"},
    ),
    "SecretPolicy": (
        "AWS::SecretsManager::ResourcePolicy",
        {"SecretId": ref("Secret"), "ResourcePolicy": statement(Principal=ROOT)},
        {"ResourcePolicy": statement(Principal=ROOT, Action="secretsmanager:GetSecretValue")},
    ),
    "Experiment": (
        "AWS::FIS::ExperimentTemplate",
        {
            "Description": "one",
            "RoleArn": att("Role", "Arn"),
            "StopConditions": [{"Source": "none"}],
            "Tags": {"Name": "x"},
            "Targets": {
                "Hosts": {"ResourceType": "aws:ec2:instance", "SelectionMode": "ALL", "ResourceTags": {"R": "w"}}
            },
            "Actions": {"Stop": {"ActionId": "aws:ec2:stop-instances", "Targets": {"Instances": "Hosts"}}},
        },
        {},
    ),
    "Table": (  # a type that only moto has
        "AWS::DynamoDB::Table",
        {
            "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
        {},
    ),
    "Vpc": ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": "true"}, {"EnableDnsHostnames": True}),
    "Public": ("AWS::EC2::Subnet", {"VpcId": ref("Vpc"), "CidrBlock": "10.0.1.0/24"}, {"MapPublicIpOnLaunch": True}),
    "Gateway": ("AWS::EC2::InternetGateway", {}, {"Tags": [{"Key": "a", "Value": "b"}]}),
    "Attached": ("AWS::EC2::VPCGatewayAttachment", {"VpcId": ref("Vpc"), "InternetGatewayId": ref("Gateway")}, {}),
    "Routes": ("AWS::EC2::RouteTable", {"VpcId": ref("Vpc")}, {}),
    "Default": (
        "AWS::EC2::Route",
        {"RouteTableId": ref("Routes"), "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": ref("Gateway")},
        {"GatewayId": None, "NatGatewayId": ref("Nat")},
    ),
    "PublicRoutes": (
        "AWS::EC2::SubnetRouteTableAssociation",
        {"SubnetId": ref("Public"), "RouteTableId": ref("Routes")},
        {},
    ),
    "NatAddress": ("AWS::EC2::EIP", {"Domain": "vpc"}, {}),
    "Nat": ("AWS::EC2::NatGateway", {"SubnetId": ref("Public"), "AllocationId": att("NatAddress", "AllocationId")}, {}),
    "Web": (
        "AWS::EC2::SecurityGroup",
        {
            "GroupDescription": "web",
            "VpcId": ref("Vpc"),
            "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}],
        },
        {"SecurityGroupEgress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}]},
    ),
    "In": (
        "AWS::EC2::SecurityGroupIngress",
        {"GroupId": att("Web", "GroupId"), "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8"},
        {"CidrIp": "10.0.0.0/16"},
    ),
    "Out": (
        "AWS::EC2::SecurityGroupEgress",
        {"GroupId": att("Web", "GroupId"), "IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "CidrIp": "10.0.0.0/8"},
        {},
    ),
    "Host": (
        "AWS::EC2::Instance",
        {
            "ImageId": "ami-0123456789abcdef0",
            "InstanceType": "t3.small",
            "IamInstanceProfile": ref("Profile"),
            "SubnetId": ref("Public"),
            "SecurityGroupIds": [att("Web", "GroupId")],
            "MetadataOptions": {"HttpTokens": "required"},
            "PropagateTagsToVolumeOnCreation": "true",
        },
        {"InstanceType": "t3.large", "MetadataOptions": {"HttpTokens": "optional"}},
    ),
    "Address": ("AWS::EC2::EIP", {"Domain": "vpc"}, {"Tags": [{"Key": "a", "Value": "b"}]}),
    "AddressOfHost": (
        "AWS::EC2::EIPAssociation",
        {"AllocationId": att("Address", "AllocationId"), "InstanceId": ref("Host")},
        {},
    ),
    "Volume": (
        "AWS::EC2::Volume",
        {"AvailabilityZone": att("Host", "AvailabilityZone"), "Size": "10", "VolumeType": "gp3"},
        {"Size": "20"},
    ),
    "VolumeOfHost": (
        "AWS::EC2::VolumeAttachment",
        {"InstanceId": ref("Host"), "VolumeId": ref("Volume"), "Device": "/dev/sdf"},
        {},
    ),
    "Flows": (
        "AWS::EC2::FlowLog",
        {
            "ResourceId": ref("Vpc"),
            "ResourceType": "VPC",
            "TrafficType": "REJECT",
            "LogGroupName": ref("Group"),
            "DeliverLogsPermissionArn": att("Role", "Arn"),
        },
        {},
    ),
    "Endpoint": (
        "AWS::EC2::VPCEndpoint",
        {"VpcId": ref("Vpc"), "ServiceName": f"com.amazonaws.{REGION}.s3", "RouteTableIds": [ref("Routes")]},
        {},
    ),
}
# PutCompositeAlarm is an API that moto lacks; documents and associations need the endpoint's own SSM: shown there.
SHOWN_ELSEWHERE = {"AWS::CloudWatch::CompositeAlarm", "AWS::SSM::Document", "AWS::SSM::Association"}


def test_the_list_below_has_every_type_of_this_endpoint() -> None:
    assert set(OWN) - SHOWN_ELSEWHERE == {kind for kind, _, _ in RESOURCES.values()} - {"AWS::DynamoDB::Table"}


@pytest.mark.parametrize("name", OWN)
def test_properties_of_a_type_are_those_of_the_registry(name: str) -> None:
    kind, schema = resource_types()[name], type_schema(name)
    known = set(schema._content["properties"]) | {"Tags"}
    assert (kind.supported or set()) <= known
    assert kind.in_place <= known
    assert not kind.in_place & schema.create_only


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    connector = EndpointConnector()
    monkeypatch.setattr(ec2_backends, "backend", HostedEc2Backend)
    monkeypatch.setattr(iam_backends, "backend", AuditedIamBackend)
    monkeypatch.setattr(cloudformation_backends, "backend", partial(StackBackend, connector=connector))
    with mock_aws():
        yield connector(REGION, "AKIDEXAMPLE", None)


def body(*, changed: bool) -> str:
    resources = {}
    for name, (kind, properties, changes) in RESOURCES.items():
        wanted = {key: value for key, value in (properties | (changes if changed else {})).items() if value is not None}
        resources[name] = {"Type": kind, "Properties": wanted}
    resources["Default"]["DependsOn"] = "Attached"
    resources["Volume"]["DeletionPolicy"] = "Snapshot"
    return json.dumps({"Resources": resources})


def settled(cloudformation: Any, stack: str) -> tuple[str, list[str]]:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        status = str(cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        if not status.endswith("IN_PROGRESS"):
            break
        time.sleep(0.05)
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [e for e in events if e["ResourceStatus"].endswith("FAILED")]
    return status, [f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in failed]


def test_a_stack_of_every_type_is_created_updated_and_deleted(clients: Callable[[str], Any]) -> None:
    cloudformation = clients("cloudformation")
    made = cloudformation.create_stack(
        StackName="all", TemplateBody=body(changed=False), Capabilities=["CAPABILITY_NAMED_IAM"]
    )["StackId"]
    assert settled(cloudformation, made) == ("CREATE_COMPLETE", [])
    cloudformation.update_stack(StackName="all", TemplateBody=body(changed=True), Capabilities=["CAPABILITY_NAMED_IAM"])
    assert settled(cloudformation, made) == ("UPDATE_COMPLETE", [])
    assert clients("ec2").describe_volumes(Filters=[{"Name": "size", "Values": ["20"]}])["Volumes"]
    function = cloudformation.describe_stack_resource(StackName="all", LogicalResourceId="Function")
    name = function["StackResourceDetail"]["PhysicalResourceId"]
    assert clients("lambda").get_function_configuration(FunctionName=name)["MemorySize"] == 256
    cloudformation.delete_stack(StackName="all")
    assert settled(cloudformation, made) == ("DELETE_COMPLETE", [])
    assert clients("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert not clients("sqs").list_queues().get("QueueUrls")
    assert not clients("iam").list_roles()["Roles"]
