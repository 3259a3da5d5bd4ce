"""A Systems Manager that plays scripted executions: what the scenarios' unit tests talk to instead of a cloud."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

START = datetime(2026, 1, 1, tzinfo=UTC)


class AlreadyEndedError(Exception):
    """InvalidAutomationStatusUpdateException."""


class Exceptions:
    InvalidAutomationStatusUpdateException = AlreadyEndedError


def step(name: str, status: str, **more: Any) -> dict[str, Any]:
    times = {"ExecutionStartTime": START} if status != "Pending" else {}
    if status in {"Success", "Failed", "Cancelled", "TimedOut"}:
        times["ExecutionEndTime"] = START + timedelta(seconds=2)
    return {"StepName": name, "Action": "aws:runCommand", "StepStatus": status, **times, **more}


def execution(status: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "AutomationExecutionId": "e-1",
        "DocumentName": "Example-Restart",
        "AutomationExecutionStatus": status,
        "StepExecutions": list(steps),
        **more,
    }


class FakeSsm:
    """Each Get answers with the next state; the last one stays. `commands` maps ids to plugins' answers."""

    exceptions = Exceptions

    def __init__(self, *states: dict[str, Any], commands: dict[str, list[dict[str, Any]]] | None = None) -> None:
        self.states = list(states)
        self.commands = commands or {}
        self.started: list[dict[str, Any]] = []
        self.stopped: list[str] = []
        self.signals: list[str] = []

    def start_automation_execution(self, **request: Any) -> dict[str, Any]:
        self.started.append(request)
        return {"AutomationExecutionId": "e-1"}

    def get_automation_execution(self, **_: Any) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"AutomationExecution": state}

    def send_automation_signal(self, **request: Any) -> None:
        self.signals.append(request["SignalType"])

    def stop_automation_execution(self, **request: Any) -> None:
        self.stopped.append(request["Type"])
        if self.states[0]["AutomationExecutionStatus"] in {"Success", "Failed", "Cancelled"}:
            raise AlreadyEndedError
        steps = [dict(item) for item in self.states[0]["StepExecutions"]]
        for item in steps:
            item["StepStatus"] = "Cancelled" if item["StepStatus"] == "InProgress" else item["StepStatus"]
        self.states = [execution("Cancelled", *steps)]

    def get_paginator(self, operation: str) -> FakePaginator:
        assert operation == "list_command_invocations"
        return FakePaginator(self.commands)

    def get_command_invocation(self, *, CommandId: str, PluginName: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's
        return next(plugin for plugin in self.commands[CommandId] if plugin["PluginName"] == PluginName)


class FakePaginator:
    def __init__(self, commands: dict[str, list[dict[str, Any]]]) -> None:
        self.commands = commands

    def paginate(self, *, CommandId: str, **_: Any) -> list[dict[str, Any]]:  # noqa: N803 - boto3's
        plugins = [{"Name": plugin["PluginName"], "Status": plugin["Status"]} for plugin in self.commands[CommandId]]
        status = "Failed" if any(plugin["Status"] == "Failed" for plugin in plugins) else "Success"
        return [{"CommandInvocations": [{"InstanceId": "i-1", "Status": status, "CommandPlugins": plugins}]}]


class FakeAws:
    region = "us-east-1"

    def __init__(self, ssm: FakeSsm) -> None:
        self.ssm = ssm

    def client(self, service: str) -> FakeSsm:
        assert service == "ssm"
        return self.ssm


@pytest.fixture
def fakes() -> SimpleNamespace:
    """The fakes above, for tests that cannot import them: test files are no package."""
    return SimpleNamespace(step=step, execution=execution, ssm=FakeSsm, aws=FakeAws)
