"""Experiments of Fault Injection Service start automations as their role, and alarms end them."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from .conftest import ACCOUNT, REGION, allow, eventually, role

if TYPE_CHECKING:
    from collections.abc import Callable

RUNBOOK = {
    "schemaVersion": "0.3",
    "parameters": {"Word": {"type": "String"}},
    "mainSteps": [
        {"name": "hold", "action": "aws:pause", "inputs": {}},
        {"name": "rest", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}},
    ],
}
MAY = [
    allow(["ssm:StartAutomationExecution", "ssm:GetAutomationExecution", "ssm:StopAutomationExecution"]),
]


@pytest.fixture(scope="module")
def runbook(client: Callable[[str], Any]) -> str:
    client("ssm").create_document(Name="Drill", DocumentType="Automation", Content=json.dumps(RUNBOOK))
    return "Drill"


@pytest.fixture(scope="module")
def fis_role(client: Callable[[str], Any]) -> str:
    return role(client("iam"), "experiments", "fis.amazonaws.com", *MAY)


@pytest.fixture
def alarm(client: Callable[[str], Any]) -> str:
    """An alarm that nothing evaluates but the test; its name."""
    name = f"service-{uuid.uuid4().hex[:8]}"
    client("cloudwatch").put_metric_alarm(
        AlarmName=name, Namespace="n", MetricName=name, Statistic="Maximum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore",
    )  # fmt: skip
    return name


def template(client: Callable[[str], Any], runbook: str, role_arn: str, alarm: str = "", **more: Any) -> str:
    action = {
        "actionId": "aws:ssm:start-automation-execution",
        "parameters": {
            "documentArn": f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/{runbook}",
            "documentParameters": json.dumps({"Word": "outage"}),
            "maxDuration": "PT10M",
        },
    }
    value = {"value": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarm}"} if alarm else {}
    made = client("fis").create_experiment_template(
        description="drill", roleArn=role_arn, targets={}, tags={"Name": "drill"}, clientToken=str(uuid.uuid4()),
        stopConditions=[{"source": "aws:cloudwatch:alarm" if alarm else "none", **value}],
        actions={"Drill": {**action, **more}},
    )  # fmt: skip
    return str(made["experimentTemplate"]["id"])


def start(client: Callable[[str], Any], template_id: str) -> str:
    started = client("fis").start_experiment(experimentTemplateId=template_id, clientToken=str(uuid.uuid4()))
    return str(started["experiment"]["id"])


def state(client: Callable[[str], Any], experiment: str) -> dict[str, Any]:
    found: dict[str, Any] = client("fis").get_experiment(id=experiment)["experiment"]
    return found


def until(client: Callable[[str], Any], experiment: str, *statuses: str) -> dict[str, Any]:
    found: dict[str, Any] = eventually(
        lambda: (now := state(client, experiment))["state"]["status"] in statuses and now, f"{statuses} of {experiment}"
    )
    return found


def held(client: Callable[[str], Any], experiment: str) -> dict[str, Any]:
    """The experiment's automation, once it waits in its first step."""
    until(client, experiment, "running")

    def look() -> Any:
        for each in client("ssm").describe_automation_executions()["AutomationExecutionMetadataList"]:
            found = client("ssm").get_automation_execution(AutomationExecutionId=each["AutomationExecutionId"])
            execution = found["AutomationExecution"]
            if (
                f"fis-{experiment}" in execution["ExecutedBy"]
                and execution["StepExecutions"][0]["StepStatus"] == "Waiting"
            ):
                return execution
        return None

    execution: dict[str, Any] = eventually(look, f"the automation of {experiment}")
    return execution


def status_of(client: Callable[[str], Any], execution: dict[str, Any]) -> str:
    found = client("ssm").get_automation_execution(AutomationExecutionId=execution["AutomationExecutionId"])
    return str(found["AutomationExecution"]["AutomationExecutionStatus"])


def test_an_experiment_is_complete_when_its_automation_is(
    client: Callable[[str], Any], runbook: str, fis_role: str, alarm: str
) -> None:
    experiment = start(client, template(client, runbook, fis_role, alarm))
    execution = held(client, experiment)
    assert execution["Parameters"]["Word"] == ["outage"]
    assert ":assumed-role/experiments/" in execution["ExecutedBy"]
    client("ssm").send_automation_signal(AutomationExecutionId=execution["AutomationExecutionId"], SignalType="Resume")
    ended = until(client, experiment, "completed", "failed")
    assert ended["state"]["status"] == "completed", ended
    assert ended["actions"]["Drill"]["state"]["status"] == "completed"
    assert ended["endTime"] >= ended["startTime"]


def test_a_raised_alarm_ends_the_experiment_and_cancels_its_automation(
    client: Callable[[str], Any], runbook: str, fis_role: str, alarm: str
) -> None:
    experiment = start(client, template(client, runbook, fis_role, alarm))
    execution = held(client, experiment)
    client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="detected")
    ended = until(client, experiment, "stopped", "failed", "completed")
    assert ended["state"] == {"status": "stopped", "reason": "Experiment halted by stop condition."}
    assert ended["actions"]["Drill"]["state"]["status"] == "stopped"
    assert status_of(client, execution) == "Cancelled"


def test_an_experiment_does_not_begin_while_its_alarm_is_raised(
    client: Callable[[str], Any], runbook: str, fis_role: str, alarm: str
) -> None:
    client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="down already")
    experiment = start(client, template(client, runbook, fis_role, alarm))
    ended = until(client, experiment, "stopped", "failed", "completed")
    assert ended["state"]["status"] == "stopped"
    assert ended["actions"]["Drill"]["state"]["status"] == "cancelled"


def test_a_person_can_stop_an_experiment(client: Callable[[str], Any], runbook: str, fis_role: str) -> None:
    experiment = start(client, template(client, runbook, fis_role))
    execution = held(client, experiment)
    assert client("fis").stop_experiment(id=experiment)["experiment"]["state"]["status"] == "stopping"
    assert until(client, experiment, "stopped")["state"]["reason"] == "Experiment stopped by user."
    assert status_of(client, execution) == "Cancelled"


@pytest.mark.parametrize(("service", "statements"), [("ssm.amazonaws.com", MAY), ("fis.amazonaws.com", [])])
def test_a_role_that_may_not_fails_the_experiment_with_the_reason(
    client: Callable[[str], Any], runbook: str, service: str, statements: list[Any]
) -> None:
    poor = role(client("iam"), f"poor-{uuid.uuid4().hex[:8]}", service, *statements)
    experiment = start(client, template(client, runbook, poor))
    ended = until(client, experiment, "failed", "completed")
    assert ended["state"]["status"] == "failed"
    assert "Unable to start SSM automation" in ended["actions"]["Drill"]["state"]["reason"]


def test_an_action_that_does_not_run_here_is_refused_at_the_start(
    client: Callable[[str], Any], runbook: str, fis_role: str
) -> None:
    other = template(client, runbook, fis_role, actionId="aws:ec2:stop-instances", targets={})
    with pytest.raises(ClientError, match="runs no aws:ec2:stop-instances"):
        start(client, other)


@pytest.mark.parametrize("given", ["{Word: outage}", '["outage"]'])
def test_parameters_that_are_no_object_are_refused_at_the_start(
    client: Callable[[str], Any], runbook: str, fis_role: str, given: str
) -> None:
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/{runbook}"
    parameters = {"documentArn": arn, "documentParameters": given, "maxDuration": "PT10M"}
    with pytest.raises(ClientError, match="documentParameters has to be a JSON object"):
        start(client, template(client, runbook, fis_role, parameters=parameters))
