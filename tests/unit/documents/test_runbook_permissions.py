"""The permissions that steps and scripts need, and what a template's roles grant."""

from __future__ import annotations

import ast
import textwrap
from typing import Any

import pytest

from rehearsal.documents import load_text
from rehearsal.documents.aws.actions import actions_of, known_actions
from rehearsal.documents.aws.boto_calls import calls_in
from rehearsal.documents.aws.services import is_reading
from rehearsal.documents.permissions import needs_of
from rehearsal.documents.reading.yaml_text import read_yaml
from rehearsal.documents.roles import roles_of
from rehearsal.documents.runbook import Runbook

SCRIPT = """
    import boto3
    from botocore.config import Config

    ssm = boto3.client("ssm", config=Config(retries={"max_attempts": 5}))

    class Hosts:
        def __init__(self, session):
            self.ec2 = session.client("ec2")

        def stop(self, instance):
            self.ec2.stop_instances(InstanceIds=[instance])
            self.ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance])

    def handler(events, context):
        secrets = boto3.client(service_name="secretsmanager")
        for page in ssm.get_paginator("describe_instance_information").paginate():
            look(page, secrets)
        boto3.client("s3").upload_file("a", "b", "c")
        boto3.client("lambda").invoke(FunctionName="x")
        return {"text": "describe_volumes".upper(), "get": events.get("x")}

    def look(page, client):
        client.get_secret_value(SecretId="x")
"""


def test_calls_are_found_through_variables_attributes_arguments_paginators_and_waiters() -> None:
    calls = {(call.service, call.operation) for call in calls_in(ast.parse(textwrap.dedent(SCRIPT)))}
    assert calls == {
        ("ec2", "StopInstances"),
        ("ec2", "DescribeInstances"),
        ("ssm", "DescribeInstanceInformation"),
        ("secretsmanager", "GetSecretValue"),
        ("s3", "PutObject"),
        ("lambda", "Invoke"),
    }


SHARED = """
import boto3

ssm = boto3.client("ssm")

def bucket():
    return boto3.client("cloudformation").list_exports()

def unused():
    boto3.client("ec2").terminate_instances(InstanceIds=[])

def handler(events, context):
    ssm.get_parameter(Name="x")
    if not events["Quiet"]:
        boto3.client("sns").publish(Message="x")
    return {"Bucket": bucket() if events.get("NeedsBucket", False) else ""}
"""


@pytest.mark.parametrize(
    ("payload", "actions"),
    [
        ("{Quiet: true}", {"ssm:GetParameter"}),
        ("{Quiet: false}", {"ssm:GetParameter", "sns:Publish"}),
        ("{}", {"ssm:GetParameter", "sns:Publish"}),
        ('{Quiet: "{{ Quiet }}"}', {"ssm:GetParameter", "sns:Publish"}),
        ("{Quiet: true, NeedsBucket: true}", {"ssm:GetParameter", "cloudformation:ListExports"}),
    ],
)
def test_a_shared_script_needs_what_the_payload_turns_on(payload: str, actions: set[str]) -> None:
    text = (
        "  - name: A\n    action: aws:executeScript\n    inputs:\n      Runtime: python3.12\n      Handler: handler\n"
    )
    text += f"      InputPayload: {payload}\n      Script: |\n{textwrap.indent(SHARED, '        ')}"
    assert needed(text) == actions


@pytest.mark.parametrize(
    ("service", "operation", "actions"),
    [
        ("ec2", "DescribeInstances", ("ec2:DescribeInstances",)),
        ("lambda", "Invoke", ("lambda:InvokeFunction",)),
        ("s3", "ListObjectsV2", ("s3:ListBucket",)),
        ("cloudwatch", "PutMetricAlarm", ("cloudwatch:PutMetricAlarm",)),
        ("elbv2", "DescribeTargetHealth", ("elasticloadbalancing:DescribeTargetHealth",)),
        ("stepfunctions", "StartExecution", ("states:StartExecution",)),
        ("sesv2", "SendEmail", ("ses:SendEmail",)),
        ("sts", "GetCallerIdentity", ()),
        ("ec2", "NoSuchOperation", ()),
    ],
)
def test_operations_have_the_actions_of_the_authorization_reference(
    service: str, operation: str, actions: tuple[str, ...]
) -> None:
    assert actions_of(service, operation) == actions
    assert all(action.lower() in known_actions() for action in actions)


@pytest.mark.parametrize(
    ("service", "api", "reading"),
    [
        ("ec2", "DescribeInstances", True),
        ("ssm", "get_parameters", True),
        ("dynamodb", "Query", True),
        ("ec2", "StopInstances", False),
        ("ec2", "GetawayVehicle", False),
        ("lambda", "Invoke", None),
        ("redshift-data", "ExecuteStatement", None),
    ],
)
def test_the_verb_of_a_call_tells_whether_it_reads(service: str, api: str, reading: bool | None) -> None:
    assert is_reading(service, api) is reading


def steps(text: str) -> Runbook:
    return Runbook(load_text(f'schemaVersion: "0.3"\nmainSteps:\n{text}', name="Example", format="YAML"))


def needed(text: str) -> set[str]:
    return {need.action for need in needs_of(steps(text)) if need.certain}


def test_actions_of_steps_follow_what_the_step_is_told_to_do() -> None:
    state = '  - {name: A, action: "aws:changeInstanceState", inputs: {DesiredState: %s, CheckStateOnly: %s}}\n'
    assert needed(state % ("stopped", "false")) == {"ec2:StopInstances", "ec2:DescribeInstanceStatus"}
    assert needed(state % ("stopped", "true")) == {"ec2:DescribeInstanceStatus"}
    approve = '  - {name: A, action: "aws:approve", inputs: {Approvers: [x], NotificationArn: y}}\n'
    assert needed(approve) == {"sns:Publish"}
    assert needed('  - {name: A, action: "aws:sleep", inputs: {Duration: PT1S}}\n') == set()


def test_a_command_is_needed_on_its_document() -> None:
    run = '  - {name: A, action: "aws:runCommand", inputs: {DocumentName: Example-Run, InstanceIds: [x]}}\n'
    found = {(need.action, need.document) for need in needs_of(steps(run)) if need.certain}
    assert ("ssm:SendCommand", "Example-Run") in found
    assert ("ssm:ListCommandInvocations", None) in found
    unknown = run.replace("Example-Run", '"{{ Name }}"')
    assert ("ssm:SendCommand", None) in {(need.action, need.document) for need in needs_of(steps(unknown))}


TEMPLATE = """
Metadata: {Library: {Roles: {Operate: [Example-Run], Look: []}}}
Resources:
  Operate:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyDocument:
            Statement:
              - {Effect: Allow, Action: ["ec2:Describe*", "ec2:StopInstances"], Resource: "*"}
              - {Effect: Deny, Action: "ec2:TerminateInstances", Resource: "*"}
  Documents:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Roles: [!Ref Operate]
      PolicyDocument:
        Statement:
          Effect: Allow
          Action: ssm:SendCommand
          Resource:
            - !Sub "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:document/Example-*"
            - !Sub "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:instance/*"
  Unattached:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: {Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}}
"""


@pytest.mark.parametrize(
    ("action", "document", "granted"),
    [
        ("ec2:DescribeInstances", None, True),
        ("ec2:StopInstances", None, True),
        ("EC2:stopinstances", None, True),
        ("ec2:TerminateInstances", None, False),
        ("s3:GetObject", None, False),
        ("ssm:SendCommand", "Example-Run", True),
        ("ssm:SendCommand", "Other-Run", False),
        ("ssm:SendCommand", None, True),
    ],
)
def test_grants_come_from_inline_and_attached_policies(action: str, document: str | None, granted: bool) -> None:
    template: Any = read_yaml(TEMPLATE, "template.yaml").value
    role = next(role for role in roles_of(template) if role.name == "Operate")
    assert [name for name, _ in role.documents] == ["Example-Run"]
    assert any(grant.covers(action, document) for grant in role.grants) is granted


def test_a_template_that_says_nothing_of_a_library_has_no_roles() -> None:
    assert roles_of({"Resources": {}}) == []
    assert roles_of({"Metadata": {"Library": {"Roles": ["x"]}}, "Resources": []}) == []
