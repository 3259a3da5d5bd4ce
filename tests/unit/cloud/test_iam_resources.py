"""Which actions and resources a call is checked on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from rehearsal.cloud.authorizer import ApiCall
from rehearsal.cloud.iam.actions import iam_action
from rehearsal.cloud.iam.models import Policies
from rehearsal.cloud.iam.resources import resources_of

if TYPE_CHECKING:
    from rehearsal.cloud.iam.lookup import Lookup

SSM, EC2 = "arn:aws:ssm:us-east-1:1:", "arn:aws:ec2:us-east-1:1:"


class Known:
    """An account with one stack and one tagged instance."""

    def whole_arn(self, arn: str) -> str:
        return arn

    def stack_arn(self, name: str) -> str:
        return f"stack {name}"

    def targeted_instances(self, targets: list[Any]) -> list[str]:
        return ["i-tagged"] if targets else []


def call(service: str, operation: str, parameters: dict[str, Any]) -> ApiCall:
    return ApiCall(
        service=service,
        operation=operation,
        region="us-east-1",
        account_id="1",
        access_key=None,
        session_token=None,
        source_ip="",
        user_agent="",
        protocol="json",
        read_parameters=lambda: parameters,
    )


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "action", "resources"),
    [
        ("ssm", "GetAutomationExecution", {"AutomationExecutionId": "e"}, None, [f"{SSM}automation-execution/e"]),
        ("ssm", "ListCommands", {}, None, ["*"]),
        ("ssm", "GetDocument", {"Name": "Mine"}, None, [f"{SSM}document/Mine"]),
        (
            "ssm",
            "GetDocument",
            {"Name": "AWS-RunShellScript"},
            None,
            ["arn:aws:ssm:us-east-1::document/AWS-RunShellScript"],
        ),
        ("ssm", "UpdateInstanceInformation", {"InstanceId": "i-1"}, None, [f"{EC2}instance/i-1"]),
        ("ssm", "UpdateInstanceInformation", {"InstanceId": "mi-1"}, None, [f"{SSM}managed-instance/mi-1"]),
        ("ssm", "AddTagsToResource", {"ResourceType": "Document", "ResourceId": "D"}, None, [f"{SSM}document/D"]),
        ("ssm", "GetParameters", {"Names": ["/a", "b"]}, None, [f"{SSM}parameter/a", f"{SSM}parameter/b"]),
        (
            "ssm",
            "SendCommand",
            {"DocumentName": "D", "Targets": [{"Key": "tag:Role", "Values": ["web"]}]},
            None,
            [f"{SSM}document/D", f"{EC2}instance/i-tagged"],
        ),
        ("ssm", "SendCommand", {"DocumentName": "D"}, None, [f"{SSM}document/D", f"{EC2}instance/*"]),
        (
            "ssm",
            "StartAutomationExecution",
            {"DocumentName": "R:3"},
            None,
            [f"{SSM}document/R", f"{SSM}automation-execution/*"],
        ),
        ("ec2", "StopInstances", {"InstanceIds": ["i-1", "i-2"]}, None, [f"{EC2}instance/i-1", f"{EC2}instance/i-2"]),
        ("ec2", "CreateTags", {"Resources": ["vol-1"]}, None, [f"{EC2}volume/vol-1"]),
        ("ec2", "DescribeInstances", {"InstanceIds": ["i-1"]}, None, ["*"]),
        ("ec2", "RevokeSecurityGroupIngress", {"GroupId": "sg-1"}, None, [f"{EC2}security-group/sg-1"]),
        ("lambda", "Invoke", {"FunctionName": "f"}, "lambda:InvokeFunction", ["arn:aws:lambda:us-east-1:1:function:f"]),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k"}, "s3:GetObject", ["arn:aws:s3:::b/k"]),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, "s3:ListBucket", ["arn:aws:s3:::b"]),
        (
            "s3",
            "DeleteObjects",
            {"Bucket": "b", "Delete": {"Objects": [{"Key": "x"}, {"Key": "y"}]}},
            "s3:DeleteObject",
            ["arn:aws:s3:::b/x", "arn:aws:s3:::b/y"],
        ),
        ("cloudformation", "UpdateStack", {"StackName": "s"}, None, ["stack s"]),
        ("cloudformation", "ListStacks", {}, None, ["*"]),
        ("logs", "CreateLogStream", {"logGroupName": "g"}, None, ["arn:aws:logs:us-east-1:1:log-group:g:log-stream:"]),
        ("scheduler", "CreateSchedule", {"Name": "n"}, None, ["arn:aws:scheduler:us-east-1:1:schedule/default/n"]),
        ("stepfunctions", "ListStateMachines", {}, "states:ListStateMachines", ["*"]),
        ("ec2messages", "GetMessages", {"Destination": "i-1"}, None, ["*"]),
        ("nosuch", "Anything", {"Name": "x"}, None, ["*"]),
    ],
)
def test_calls_need_these_actions_on_these_resources(
    service: str, operation: str, parameters: dict[str, Any], action: str | None, resources: list[str]
) -> None:
    found = iam_action(service, operation)
    assert found == (action or f"{service}:{operation}")
    assert resources_of(call(service, operation, parameters), found, cast("Lookup", Known())) == resources


def test_policies_can_be_gone_through_while_some_are_added() -> None:
    policies = Policies(first=1, second=2)
    for value in policies.values():
        policies[f"more-{value}"] = value
    assert len(policies) == 4
