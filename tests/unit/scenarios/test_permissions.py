from __future__ import annotations

import json
from typing import Any

from rehearsal.scenarios.permissions import permissions_of

ROLE = "arn:aws:iam::1:role/operate"


def event(action: str, error: str = "") -> dict[str, str]:
    service, _, name = action.partition(":")
    record: dict[str, Any] = {
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": ROLE}}},
    }
    if error:
        record |= {"errorCode": "AccessDenied", "errorMessage": error}
    return {"CloudTrailEvent": json.dumps(record)}


class FakeAws:
    """CloudTrail with the events of one session, and IAM: `granted` tells of each action whether it was used."""

    def __init__(self, events: list[dict[str, str]], granted: dict[str, bool]) -> None:
        self.events = events
        self.granted = granted
        self.asked: list[Any] = []
        self.reports = 0

    def client(self, _: str) -> Any:
        return self

    def get_paginator(self, operation: str) -> Any:
        assert operation == "lookup_events"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        self.asked.append(request["LookupAttributes"])
        half = len(self.events) // 2
        return [{"Events": self.events[:half]}, {"Events": self.events[half:]}]

    def generate_service_last_accessed_details(self, **request: Any) -> dict[str, str]:
        assert request == {"Arn": ROLE, "Granularity": "ACTION_LEVEL"}
        return {"JobId": "j-1"}

    def get_service_last_accessed_details(self, **_: Any) -> dict[str, Any]:
        self.reports += 1
        if self.reports == 1:
            return {"JobStatus": "IN_PROGRESS"}
        services: dict[str, list[dict[str, Any]]] = {}
        for action, is_used in self.granted.items():
            service, _, name = action.partition(":")
            use = {"LastAccessedTime": "now"} if is_used else {}
            services.setdefault(service, []).append({"ActionName": name, **use})
        return {
            "JobStatus": "COMPLETED",
            "ServicesLastAccessed": [
                {"ServiceNamespace": service, "TrackedActionsLastAccessed": actions}
                for service, actions in services.items()
            ],
        }


def ask(aws: FakeAws) -> Any:
    return permissions_of(aws, "e-1")  # type: ignore[arg-type] # stands in for Aws


def test_what_a_run_used_and_what_its_role_never_used() -> None:
    events = [event("ec2:DescribeInstances"), event("ssm:SendCommand"), event("ec2:DescribeInstances")]
    aws = FakeAws(events, {"ec2:DescribeInstances": True, "ssm:SendCommand": True, "ec2:StopInstances": False})
    permissions = ask(aws)
    assert permissions.role == ROLE
    assert permissions.used == ("ec2:DescribeInstances", "ssm:SendCommand")
    assert permissions.unused == ("ec2:StopInstances",)
    assert permissions.denied == ()


def test_the_events_are_those_of_the_executions_own_session() -> None:
    aws = FakeAws([event("ssm:SendCommand")], {})
    ask(aws)
    assert aws.asked == [[{"AttributeKey": "Username", "AttributeValue": "Automation-e-1"}]]


def test_a_refusal_is_told_with_its_message_and_counts_as_no_use() -> None:
    permissions = ask(FakeAws([event("ec2:StopInstances", "not authorized to perform: ec2:StopInstances")], {}))
    assert permissions.used == ()
    assert permissions.denied == ("ec2:StopInstances: not authorized to perform: ec2:StopInstances",)


def test_an_action_that_is_named_otherwise_in_policies_is_told_as_policies_do() -> None:
    listing = event("s3:ListObjectsV2")
    record = json.loads(listing["CloudTrailEvent"])
    record["additionalEventData"] = {"iamAction": "s3:ListBucket"}
    permissions = ask(FakeAws([{"CloudTrailEvent": json.dumps(record)}], {}))
    assert permissions.used == ("s3:ListBucket",)


def test_without_events_nothing_is_made_up() -> None:
    assert ask(FakeAws([], {"ec2:StopInstances": False})) is None
