"""What a whole suite made of the roles that the stacks created."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.scenarios.permissions import RoleUse, judge_roles, roles_of

OPERATE, HOST = "arn:aws:iam::1:role/operate", "arn:aws:iam::1:role/host"
TRUST = {OPERATE: "ssm.amazonaws.com", HOST: "ec2.amazonaws.com"}


class FakeAws:
    """Two roles of one stack, `granted` to each (whether it was used), and `refused` by execution."""

    def __init__(self, granted: dict[str, dict[str, bool]], refused: dict[str, list[str]] | None = None) -> None:
        self.granted = granted
        self.refused = refused or {}

    def client(self, _: str) -> Any:
        return self

    def get_paginator(self, operation: str) -> Any:
        return type("Paginator", (), {"paginate": getattr(self, operation)})

    def list_stack_resources(self, StackName: str) -> list[dict[str, Any]]:  # noqa: N803 - boto3's
        names = [arn.rpartition("/")[2] for arn in self.granted] if StackName == "library" else []
        roles = [{"ResourceType": "AWS::IAM::Role", "PhysicalResourceId": name} for name in names]
        return [{"StackResourceSummaries": [*roles, {"ResourceType": "AWS::S3::Bucket", "PhysicalResourceId": "b"}]}]

    def describe_automation_executions(self) -> list[dict[str, Any]]:
        executions = [{"AutomationExecutionId": name, "DocumentName": f"Doc-{name}"} for name in self.refused]
        return [{"AutomationExecutionMetadataList": executions}]

    def lookup_events(self, LookupAttributes: list[dict[str, str]]) -> list[dict[str, Any]]:  # noqa: N803 - boto3's
        execution = LookupAttributes[0]["AttributeValue"].removeprefix("Automation-")
        return [{"Events": [{"CloudTrailEvent": refusal(action)} for action in self.refused[execution]]}]

    def get_role(self, RoleName: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        arn = f"arn:aws:iam::1:role/{RoleName}"
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": TRUST[arn]}}]}
        return {"Role": {"Arn": arn, "AssumeRolePolicyDocument": trust}}

    def generate_service_last_accessed_details(self, Arn: str, **_: str) -> dict[str, str]:  # noqa: N803 - boto3's
        return {"JobId": Arn}

    def get_service_last_accessed_details(self, JobId: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        actions = [
            {"ActionName": action.partition(":")[2], **({"LastAccessedTime": "now"} if was_used else {})}
            for action, was_used in self.granted[JobId].items()
        ]
        services = [{"ServiceNamespace": "ec2", "TrackedActionsLastAccessed": actions}]
        return {"JobStatus": "COMPLETED", "ServicesLastAccessed": services}


def refusal(action: str) -> str:
    service, _, name = action.partition(":")
    issuer = {"sessionContext": {"sessionIssuer": {"arn": OPERATE}}}
    return json.dumps(
        {
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "userIdentity": issuer,
            "errorCode": "AccessDenied",
            "errorMessage": "not authorized",
        }
    )


def look(aws: FakeAws, **more: Any) -> list[RoleUse]:
    return roles_of(aws, ["library", "application"], **more)  # type: ignore[arg-type] # stands in for Aws


def test_what_is_granted_is_used_or_left_over() -> None:
    [role] = look(FakeAws({OPERATE: {"ec2:DescribeInstances": True, "ec2:StopInstances": False}}))
    assert role == RoleUse(OPERATE, True, ("ec2:DescribeInstances",), ("ec2:StopInstances",), ())
    assert [(check.name, check.passed, check.detail) for check in judge_roles([role])] == [
        ("nothing was denied to operate", True, "1 actions used"),
        ("every grant of operate is used", False, "ec2:StopInstances"),
    ]


def test_a_refusal_names_the_runbook_that_asked() -> None:
    [role] = look(FakeAws({OPERATE: {}}, {"e-1": ["ec2:StopInstances"], "e-2": []}))
    assert role.denied == ("ec2:StopInstances of Doc-e-1: not authorized",)
    assert [check.passed for check in judge_roles([role])] == [False, True]


def test_a_refusal_that_a_scenario_is_about_is_none() -> None:
    [role] = look(FakeAws({OPERATE: {}}, {"e-1": ["ec2:StopInstances"]}), expected=["ec2:StopInstances"])
    assert role.denied == ()


def test_roles_that_no_runbook_runs_as_are_told_of_and_not_judged() -> None:
    roles = look(FakeAws({HOST: {"ec2:StopInstances": False}}))
    assert [(role.is_automation, role.unused) for role in roles] == [(False, ("ec2:StopInstances",))]
    assert judge_roles(roles) == []
