"""Whether a drill was detected: what the alarm's history says, and what is said when it says nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

NAME = "FlaskOps-shop-Readiness"
BROKEN = "2026-03-01T10:00:00+00:00"
OUTPUT = 'stopping\n{"fault":"database-outage","broken_at":"' + BROKEN + '"}\n'


def event(**more: str) -> dict[str, str]:
    return {"AlarmName": NAME, "Output": OUTPUT, "Required": "false", **more}


def change(minute: int, state: str) -> dict[str, Any]:
    data = json.dumps({"newState": {"stateValue": state}})
    return {"Timestamp": datetime(2026, 3, 1, 10, minute, tzinfo=UTC), "HistoryData": data}


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client = boto3.client("cloudwatch", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    monkeypatch.setattr(boto3, "client", lambda _: client)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def answer(cloudwatch: Stubber, *changes: dict[str, Any], state: str = "OK") -> None:
    cloudwatch.add_response("describe_alarms", {"MetricAlarms": [{"AlarmName": NAME, "StateValue": state}]})
    cloudwatch.add_response("describe_alarm_history", {"AlarmHistoryItems": list(changes)})


def test_the_first_raise_after_the_fault_counts(cloudwatch: Stubber, script: Callable[[str], ModuleType]) -> None:
    answer(cloudwatch, change(5, "OK"), change(4, "ALARM"), change(2, "ALARM"), change(1, "OK"))
    found = script("drill_alarm").read(event(Required="true"), None)
    assert found == {"Detected": True, "Detection": f"the alarm {NAME} was raised 120 seconds after the fault"}


def test_an_alarm_that_slept_fails_the_drill_only_if_it_is_required(
    cloudwatch: Stubber, script: Callable[[str], ModuleType]
) -> None:
    answer(cloudwatch, change(1, "OK"))
    slept = f"the alarm {NAME} was not raised within the duration; it is OK"
    assert script("drill_alarm").read(event(), None) == {"Detected": False, "Detection": slept}
    answer(cloudwatch)
    with pytest.raises(RuntimeError, match="was not detected: the alarm FlaskOps-shop-Readiness was not raised"):
        script("drill_alarm").read(event(Required="true"), None)


def test_without_the_alarm_the_sentence_says_how_to_have_it(
    cloudwatch: Stubber, script: Callable[[str], ModuleType]
) -> None:
    cloudwatch.add_response("describe_alarms", {"MetricAlarms": []})
    found = script("drill_alarm").read(event(), None)
    assert found["Detected"] is False
    assert "deploy the operations stack with StackName" in found["Detection"]


def test_a_refusal_is_told_and_ends_nothing(cloudwatch: Stubber, script: Callable[[str], ModuleType]) -> None:
    cloudwatch.add_client_error("describe_alarms", "AccessDenied", "not authorized to perform that")
    found = script("drill_alarm").read(event(), None)
    assert found == {
        "Detected": False,
        "Detection": f"the alarm {NAME} cannot be asked: not authorized to perform that",
    }
