"""Which of its role's permissions an execution used, which were refused, and which nothing has used yet.

What was used and refused is CloudTrail's event history, looked up by the execution's session; what is granted is IAM's
last-accessed report on the role. A cloud that keeps no events of the execution gives no answer, and none is made up.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.scenarios.checks import CheckResult
from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from rehearsal.scenarios.aws import Aws

AUTOMATION = "ssm.amazonaws.com"
JOB_SECONDS = 30
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Permissions:
    """Actions as policies write them (`ec2:DescribeInstances`), in order. `unused` is by any execution of the role."""

    role: str
    used: tuple[str, ...]
    unused: tuple[str, ...]
    denied: tuple[str, ...]


@dataclass(frozen=True)
class RoleUse:
    """What a whole rehearsal made of one role: actions as policies write them, in order.

    `denied` are those that an execution was refused, each with the runbook that asked. `is_automation` is whether
    runbooks run as it; other roles (a host's, a function's) are told of and not judged.
    """

    role: str
    is_automation: bool
    used: tuple[str, ...]
    unused: tuple[str, ...]
    denied: tuple[str, ...]


def roles_of(aws: Aws, stacks: Iterable[str], *, expected: Collection[str] = ()) -> list[RoleUse]:
    """Every role that the stacks made, with what was done with it since they were. `expected` denials are left out."""
    iam = aws.client("iam")
    denied = _denials(aws, expected)
    found = []
    for name in _role_names(aws, stacks):
        role = iam.get_role(RoleName=name)["Role"]
        used, unused = _usage(iam, role["Arn"])
        trust = json.dumps(role["AssumeRolePolicyDocument"])
        found.append(
            RoleUse(role["Arn"], AUTOMATION in trust, used, unused, tuple(sorted(denied.get(role["Arn"], ()))))
        )
    return found


def judge_roles(roles: Iterable[RoleUse]) -> list[CheckResult]:
    """Two checks for each role that runbooks run as: nothing was denied to it, and each of its grants was used."""
    checks = []
    for role in (role for role in roles if role.is_automation):
        name = role.role.rpartition("/")[2]
        denied, unused = "; ".join(role.denied), ", ".join(role.unused)
        checks += [
            CheckResult(f"nothing was denied to {name}", not denied, denied or f"{len(role.used)} actions used"),
            CheckResult(f"every grant of {name} is used", not unused, unused or f"all {len(role.used)} were used"),
        ]
    return checks


def permissions_of(aws: Aws, execution_id: str) -> Permissions | None:
    """None when no event of the execution is known: it ran without a role, or called nothing."""
    records = list(_records(aws, f"Automation-{execution_id}"))
    roles = [record["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {}).get("arn") for record in records]
    role = next((role for role in roles if role), None)
    if role is None:
        return None
    denied = {_action(record): record["errorMessage"] for record in records if record.get("errorCode")}
    return Permissions(
        role=role,
        used=tuple(sorted({_action(record) for record in records if not record.get("errorCode")})),
        unused=_usage(aws.client("iam"), role)[1],
        denied=tuple(f"{action}: {message}" for action, message in sorted(denied.items())),
    )


def _records(aws: Aws, session: str) -> Iterator[dict[str, Any]]:
    pages = (
        aws.client("cloudtrail")
        .get_paginator("lookup_events")
        .paginate(LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": session}])
    )
    for page in pages:
        for event in page["Events"]:
            yield json.loads(event["CloudTrailEvent"])


def _action(record: dict[str, Any]) -> str:
    """The action that a policy names; CloudTrail itself has the API's name, which is mostly the same."""
    named = record.get("additionalEventData", {}).get("iamAction")
    return str(named or f"{record['eventSource'].partition('.')[0]}:{record['eventName']}")


def _usage(iam: Any, role: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The role's granted actions that anybody used as it, and those that nobody did."""
    job_id = iam.generate_service_last_accessed_details(Arn=role, Granularity="ACTION_LEVEL")["JobId"]
    deadline = time.monotonic() + JOB_SECONDS
    while (report := iam.get_service_last_accessed_details(JobId=job_id))["JobStatus"] == "IN_PROGRESS":
        if time.monotonic() > deadline:
            raise ScenarioError(f"IAM's last-accessed report on {role} was not ready within {JOB_SECONDS} s")
        time.sleep(POLL_SECONDS)
    granted = {
        f"{service['ServiceNamespace']}:{action['ActionName']}": "LastAccessedTime" in action
        for service in report["ServicesLastAccessed"]
        for action in service.get("TrackedActionsLastAccessed", [])
    }
    used = tuple(sorted(action for action, was_used in granted.items() if was_used))
    return used, tuple(sorted(granted.keys() - set(used)))


def _role_names(aws: Aws, stacks: Iterable[str]) -> list[str]:
    paginator = aws.client("cloudformation").get_paginator("list_stack_resources")
    resources = [
        resource
        for stack in stacks
        for page in paginator.paginate(StackName=stack)
        for resource in page["StackResourceSummaries"]
    ]
    return [each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::IAM::Role"]


def _denials(aws: Aws, expected: Collection[str]) -> dict[str, set[str]]:
    """What executions were refused, by their role."""
    denied: dict[str, set[str]] = {}
    pages = aws.client("ssm").get_paginator("describe_automation_executions").paginate()
    for execution in (item for page in pages for item in page["AutomationExecutionMetadataList"]):
        for record in _records(aws, f"Automation-{execution['AutomationExecutionId']}"):
            role = record["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {}).get("arn")
            if role and record.get("errorCode") and _action(record) not in expected:
                text = f"{_action(record)} of {execution['DocumentName']}: {record['errorMessage']}"
                denied.setdefault(role, set()).add(text)
    return denied
