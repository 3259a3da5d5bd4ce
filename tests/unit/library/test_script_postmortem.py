"""The post-mortem: facts under the template's headings, in order of time."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    import pytest

TEMPLATE = (Path(__file__).resolve().parents[3] / "docs" / "postmortem_template.md").read_text(encoding="utf-8")
START = dt.datetime(2026, 11, 23, 9, 30, tzinfo=dt.UTC)


def at(seconds: int) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


EXECUTION = {
    "AutomationExecutionId": "7737711d-94fa-4969-9249-6a79e6276034",
    "DocumentName": "FlaskOps-SimulateDatabaseOutage",
    "AutomationExecutionStatus": "Success",
    "ExecutionStartTime": START,
    "ExecutionEndTime": at(100),
    "StepExecutions": [
        {"StepName": "inject", "StepStatus": "Success", "ExecutionEndTime": at(10)},
        {
            "StepName": "readAlarm",
            "StepStatus": "Success",
            "ExecutionEndTime": at(60),
            "Outputs": {"Detection": ["the alarm database was raised 15 seconds after the fault"]},
        },
        {
            "StepName": "proveRecovery",
            "StepStatus": "Success",
            "ExecutionEndTime": at(100),
            "Outputs": {"Output": ['{"effect":"database-back","seconds":"4","page":"200"}']},
        },
        {"StepName": "undoFault", "StepStatus": "Pending"},
    ],
}
ALARMS = [
    {"Timestamp": at(90), "AlarmName": "database", "HistorySummary": "Alarm updated from ALARM to OK"},
    {"Timestamp": at(25), "AlarmName": "database", "HistorySummary": "Alarm updated from OK to ALARM"},
    {"Timestamp": at(-60), "AlarmName": "earlier", "HistorySummary": "Alarm updated from OK to ALARM"},
]


class FakeClients:
    """The three services that the script asks; what is put to S3 is kept."""

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}
        self.identifiers: list[str] = []
        self.operation = ""

    def client(self, _service: str) -> FakeClients:
        return self

    def get_automation_execution(self, **request: str) -> dict[str, Any]:
        return {"AutomationExecution": {**EXECUTION, **request}}

    def get_paginator(self, operation: str) -> FakeClients:
        self.operation = operation
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        if self.operation == "describe_automation_executions":
            rows = [{"AutomationExecutionId": identifier} for identifier in self.identifiers]
            return [{"AutomationExecutionMetadataList": rows[:1]}, {"AutomationExecutionMetadataList": rows[1:]}]
        assert self.operation == "describe_alarm_history"
        assert request["StartDate"] < START
        return [{"AlarmHistoryItems": ALARMS[:1]}, {"AlarmHistoryItems": ALARMS[1:]}]

    def put_object(self, **request: Any) -> None:
        self.objects[request["Key"]] = request["Body"].decode()


def write(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, *, window: tuple[str, ...] = ()
) -> tuple[dict[str, Any], FakeClients]:
    """`window` are the executions of the hour, for a post-mortem of a window."""
    module = script("write_postmortem")
    clients = FakeClients()
    clients.identifiers = list(window)
    monkeypatch.setattr(module, "boto3", clients)
    events = {
        "Template": TEMPLATE,
        "StackName": "flask-app",
        "ExecutionId": "" if window else EXECUTION["AutomationExecutionId"],
        "Start": "2026-11-23T09:30:00Z" if window else "",
        "End": "2026-11-23T10:30:00Z" if window else "",
        "Bucket": "library-bucket",
        "Prefix": "flask-app/postmortems",
        "OwnExecutionId": "own",
    }
    return module.write(events, None), clients


def test_facts_fill_the_template_and_people_keep_their_questions(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, clients = write(script, monkeypatch)
    text = clients.objects["flask-app/postmortems/own.md"]
    assert answer["Text"] == text
    headings = [line for line in TEMPLATE.splitlines() if line.startswith("## ")]
    assert [line for line in text.splitlines() if line.startswith("## ")] == headings
    assert "# Post-mortem: flask-app, 2026-11-23" in text
    assert "<" not in text
    assert "Why did it happen?" in text


def test_a_window_has_its_executions_but_the_post_mortems_own(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = write(script, monkeypatch, window=("own", "e-2", "e-1"))[0]["Text"]
    assert "e-2, e-1" in text
    assert "own" not in re.findall(r"[\w-]+", text.partition("## ")[0])
    assert "smaller window" not in text


def test_a_window_with_more_executions_than_are_shown_says_so(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = tuple(f"e-{number}" for number in range(21))
    text = write(script, monkeypatch, window=many)[0]["Text"]
    assert "e-18, e-19 (the newest of more: choose a smaller window)" in text
    assert "e-20" not in text


def test_steps_and_alarms_stand_in_one_order_of_time(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = write(script, monkeypatch)[0]["Text"]
    raised = "alarm database | Alarm updated from OK to ALARM"
    order = ["started", "step inject", raised, "from ALARM to OK", "step proveRecovery"]
    assert [text.index(word) for word in order] == sorted(text.index(word) for word in order)
    assert "undoFault" not in text


def test_the_impact_is_in_figures(script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    text = write(script, monkeypatch)[0]["Text"]
    assert "100 seconds" in text
    assert "first alarm 25 seconds after the start" in text
    assert "last alarm calmed 90 seconds after the start" in text
    assert "proveRecovery: database-back after 4 seconds" in text
    assert "- the alarm database was raised 15 seconds after the fault" in text
