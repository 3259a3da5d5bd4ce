"""The post-mortem: facts under the template's headings, in order of time."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = (ROOT / "docs" / "postmortem_template.md").read_text(encoding="utf-8")
START = dt.datetime(2026, 11, 23, 9, 30, tzinfo=dt.UTC)


def at(seconds: int) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


EXECUTION = {
    "AutomationExecutionId": "7737711d-94fa-4969-9249-6a79e6276034",
    "DocumentName": "FlaskOps-SimulateDatabaseOutage",
    "Parameters": {"StackName": ["flask-app"], "DurationSeconds": ["60"]},
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


def change(seconds: int, name: str, what: str = "from OK to ALARM") -> dict[str, Any]:
    return {"Timestamp": at(seconds), "AlarmName": name, "HistorySummary": f"Alarm updated {what}"}


ALARMS = [
    change(90, "FlaskOps-flask-app-Readiness", "from ALARM to OK"),
    change(25, "FlaskOps-flask-app-Readiness"),
    change(-60, "FlaskOps-flask-app-Agents"),
]


class FakeClients:
    """The three services that the script asks; what is put to S3 is kept."""

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}
        self.identifiers: list[str] = []
        self.parameters: dict[str, dict[str, list[str]]] = {}
        self.alarms = ALARMS
        self.operation = ""

    def client(self, _service: str) -> FakeClients:
        return self

    def get_automation_execution(self, **request: str) -> dict[str, Any]:
        own = self.parameters.get(request["AutomationExecutionId"], EXECUTION["Parameters"])
        return {"AutomationExecution": {**EXECUTION, **request, "Parameters": own}}

    def get_paginator(self, operation: str) -> FakeClients:
        self.operation = operation
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        if self.operation == "describe_automation_executions":
            rows = [{"AutomationExecutionId": identifier} for identifier in self.identifiers]
            return [{"AutomationExecutionMetadataList": rows[:1]}, {"AutomationExecutionMetadataList": rows[1:]}]
        assert self.operation == "describe_alarm_history"
        assert request["StartDate"] < START
        most = request.get("PaginationConfig", {}).get("MaxItems")
        return [{"AlarmHistoryItems": self.alarms[:1]}, {"AlarmHistoryItems": self.alarms[1:most]}]

    def put_object(self, **request: Any) -> None:
        self.objects[request["Key"]] = request["Body"].decode()


def write(
    script: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    *,
    window: tuple[str, ...] = (),
    clients: FakeClients | None = None,
) -> tuple[dict[str, Any], FakeClients]:
    """`window` are the executions of the hour, for a post-mortem of a window."""
    module = script("write_postmortem")
    clients = clients or FakeClients()
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
    raised = "alarm FlaskOps-flask-app-Readiness | Alarm updated from OK to ALARM"
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


def test_another_stacks_executions_are_left_out_and_take_no_place(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = FakeClients()
    others = tuple(f"other-{number}" for number in range(25))
    clients.parameters = {other: {"StackName": ["flask-app-eu"]} for other in others} | {"stackless": {}}
    text = write(script, monkeypatch, window=(*others, "stackless", "e-1"), clients=clients)[0]["Text"]
    assert "e-1" in text
    assert not re.search(r"other-|stackless|smaller window", text)


def test_a_window_in_which_not_everything_could_be_looked_at_says_so(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = FakeClients()
    others = tuple(f"other-{number}" for number in range(200))
    clients.parameters = {other: {"StackName": ["flask-app-eu"]} for other in others}
    text = write(script, monkeypatch, window=(*others, "e-1"), clients=clients)[0]["Text"]
    assert "none (the newest of more: choose a smaller window)" in text


@pytest.mark.parametrize(
    ("parameters", "about"), [({"StackName": ["shop"]}, "the stack shop"), ({"HostId": ["i-1"]}, "no stack")]
)
def test_an_execution_that_is_not_about_the_stack_is_refused(
    script: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    parameters: dict[str, list[str]],
    about: str,
) -> None:
    clients = FakeClients()
    clients.parameters = {str(EXECUTION["AutomationExecutionId"]): parameters}
    with pytest.raises(RuntimeError, match=f"is about {about}, not about flask-app"):
        write(script, monkeypatch, clients=clients)
    assert clients.objects == {}


@pytest.mark.parametrize("name", ["database-cpu", "FlaskOps-shop-Readiness", "FlaskOps-flask-app-eu-Readiness"])
def test_alarms_that_are_none_of_the_stacks_are_left_out(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    clients = FakeClients()
    clients.alarms = [change(5, name)]
    text = write(script, monkeypatch, clients=clients)[0]["Text"]
    assert name not in text
    assert "no alarm was raised" in text


def test_every_alarm_of_the_operations_stack_is_kept(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, render: ModuleType
) -> None:
    resources = render.load_template(ROOT / "cloudformation" / "operations.yaml")["Resources"].values()
    kinds = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}
    alarms = [body for body in resources if body["Type"] in kinds]
    names = [body["Properties"]["AlarmName"]["Fn::Sub"].replace("${StackName}", "flask-app") for body in alarms]
    assert names
    clients = FakeClients()
    clients.alarms = [change(5, name) for name in names]
    text = write(script, monkeypatch, clients=clients)[0]["Text"]
    assert [name for name in names if f"alarm {name} |" not in text] == []


def test_others_alarms_take_no_place_of_the_stacks_own(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = FakeClients()
    clients.alarms = [change(99, "FlaskOps-shop-Readiness")] * 600 + ALARMS
    text = write(script, monkeypatch, clients=clients)[0]["Text"]
    assert "first alarm 25 seconds after the start" in text
    assert "smaller window" not in text


@pytest.mark.parametrize(("own", "others"), [(501, 0), (1, 10_000)])
def test_more_changes_of_alarms_than_are_shown_or_looked_at_are_told(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, own: int, others: int
) -> None:
    clients = FakeClients()
    clients.alarms = ALARMS[:1] * own + [change(5, "database")] * others
    _, clients = write(script, monkeypatch, clients=clients)
    text = clients.objects["flask-app/postmortems/own.md"]
    assert "more changes of alarms than the newest ones above" in text
    assert text.count("| alarm ") == min(own, 500)
