"""Roles that a call hands to a service: each needs `iam:PassRole` with the service in `iam:PassedToService`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jmespath

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.cloud.authorizer import ApiCall
    from rehearsal.cloud.moto_door import MotoDoor

# Where a role's ARN stands in an operation's input (JMESPath), and which service gets it.
ROLES = {
    "cloudformation:CreateStack": ("RoleARN", "cloudformation"),
    "cloudformation:UpdateStack": ("RoleARN", "cloudformation"),
    "cloudformation:DeleteStack": ("RoleARN", "cloudformation"),
    "cloudformation:CreateChangeSet": ("RoleARN", "cloudformation"),
    "ec2:CreateFlowLogs": ("DeliverLogsPermissionArn", "vpc-flow-logs"),
    "events:PutRule": ("RoleArn", "events"),
    "events:PutTargets": ("Targets[].RoleArn", "events"),
    "fis:CreateExperimentTemplate": ("roleArn", "fis"),
    "fis:UpdateExperimentTemplate": ("roleArn", "fis"),
    "lambda:CreateFunction": ("Role", "lambda"),
    "lambda:UpdateFunctionConfiguration": ("Role", "lambda"),
    "scheduler:CreateSchedule": ("Target.RoleArn", "scheduler"),
    "scheduler:UpdateSchedule": ("Target.RoleArn", "scheduler"),
    "ssm:RegisterTaskWithMaintenanceWindow": ("ServiceRoleArn", "ssm"),
    "ssm:SendCommand": ("ServiceRoleArn", "ssm"),
    "ssm:StartAutomationExecution": ("Parameters.AutomationAssumeRole[]", "ssm"),
    "states:CreateStateMachine": ("roleArn", "states"),
    "states:UpdateStateMachine": ("roleArn", "states"),
}
PROFILES = {
    "ec2:RunInstances": "IamInstanceProfile",
    "ec2:AssociateIamInstanceProfile": "IamInstanceProfile",
    "ec2:ReplaceIamInstanceProfileAssociation": "IamInstanceProfile",
}


@dataclass(frozen=True)
class PassedRole:
    """A role and the service principal that gets it."""

    role_arn: str
    service: str


def passed_roles(call: ApiCall, action: str, door: MotoDoor) -> Iterator[PassedRole]:
    """Yield the roles that a call passes on."""
    if action in ROLES:
        path, service = ROLES[action]
        found = jmespath.search(path, dict(call.parameters))
        for arn in found if isinstance(found, list) else [found]:
            if isinstance(arn, str) and arn.startswith("arn:"):
                yield PassedRole(arn, f"{service}.amazonaws.com")
    if action in PROFILES:
        profile = call.parameters.get(PROFILES[action]) or {}
        for role in _roles_of_profile(door, profile):
            yield PassedRole(role, "ec2.amazonaws.com")


def _roles_of_profile(door: MotoDoor, wanted: dict[str, Any]) -> Iterator[str]:
    for profile in list(door.backend("iam", "aws").instance_profiles.values()):
        if profile.name == wanted.get("Name") or profile.arn == wanted.get("Arn"):
            yield from (str(role.arn) for role in profile.roles)
