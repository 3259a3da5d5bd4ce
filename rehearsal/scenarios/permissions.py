"""Which of its role's permissions an execution used, which were refused, and which nothing has used yet.

What was used and refused is CloudTrail's event history, looked up by the execution's session; what is granted is IAM's
last-accessed report on the role. A cloud that keeps no events of the execution gives no answer, and none is made up.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.scenarios.aws import Aws

JOB_SECONDS = 30
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Permissions:
    """Actions as policies write them (`ec2:DescribeInstances`), in order. `unused` is by any execution of the role."""

    role: str
    used: tuple[str, ...]
    unused: tuple[str, ...]
    denied: tuple[str, ...]


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
        unused=tuple(sorted(_unused(aws.client("iam"), role))),
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


def _unused(iam: Any, role: str) -> Iterator[str]:
    job_id = iam.generate_service_last_accessed_details(Arn=role, Granularity="ACTION_LEVEL")["JobId"]
    deadline = time.monotonic() + JOB_SECONDS
    while (report := iam.get_service_last_accessed_details(JobId=job_id))["JobStatus"] == "IN_PROGRESS":
        if time.monotonic() > deadline:
            raise ScenarioError(f"IAM's last-accessed report on {role} was not ready within {JOB_SECONDS} s")
        time.sleep(POLL_SECONDS)
    for service in report["ServicesLastAccessed"]:
        for action in service.get("TrackedActionsLastAccessed", []):
            if "LastAccessedTime" not in action:
                yield f"{service['ServiceNamespace']}:{action['ActionName']}"
