"""Roles that a call hands to a service: each needs `iam:PassRole` with the service in `iam:PassedToService`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jmespath

from rehearsal.cloud.ssm.exceptions import SsmError
from rehearsal.documents.references import REFERENCE

if TYPE_CHECKING:
    import re
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
    if action == "ssm:StartAutomationExecution":
        role = _role_of_runbook(call, door)
        if role.startswith("arn:"):
            yield PassedRole(role, "ssm.amazonaws.com")
    if action in PROFILES:
        profile = call.parameters.get(PROFILES[action]) or {}
        for role in _roles_of_profile(door, profile):
            yield PassedRole(role, "ec2.amazonaws.com")


def _role_of_runbook(call: ApiCall, door: MotoDoor) -> str:
    """Return a runbook's `assumeRole`, with this call's parameters and the defaults in it; "" when there is none.

    The name of the parameter is free, and the role may be written out or be a default: it is passed all the same
    (automation reference §7). A runbook that does not exist is for the operation to refuse.
    """
    request = call.parameters
    try:
        documents = door.backend("ssm", call.region).documents
        runbook = documents.resolve(str(request.get("DocumentName", "")), request.get("DocumentVersion"))
    except SsmError:
        return ""
    known = {
        "global:ACCOUNT_ID": call.account_id,
        "global:REGION": call.region,
        "global:AWS_PARTITION": "aws",
    }
    known |= {name: declared.get("default", "") for name, declared in runbook.parameters.items()}
    given = request.get("Parameters")
    for name, texts in (given if isinstance(given, dict) else {}).items():
        known[name] = texts[0] if isinstance(texts, list) and texts else ""

    def value(reference: re.Match[str]) -> str:
        return str(known.get(reference[1], ""))

    return REFERENCE.sub(value, str(runbook.content_json.get("assumeRole") or "")).strip()


def _roles_of_profile(door: MotoDoor, wanted: dict[str, Any]) -> Iterator[str]:
    for profile in list(door.backend("iam", "aws").instance_profiles.values()):
        if profile.name == wanted.get("Name") or profile.arn == wanted.get("Arn"):
            yield from (str(role.arn) for role in profile.roles)
