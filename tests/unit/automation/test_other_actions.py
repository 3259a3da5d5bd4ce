"""Actions that the conformance cases do not reach, and what every step may meet: throttling, alarms, events."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.automation.access import Caller
from rehearsal.automation.actions import all_actions
from rehearsal.automation.actions.sleep import duration_seconds
from rehearsal.automation.approvers import is_approver
from rehearsal.automation.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Harness


def one(action: str, inputs: dict[str, Any], **keys: Any) -> list[dict[str, Any]]:
    return [{"name": "a", "action": f"aws:{action}", "inputs": inputs, **keys}]


def outputs(execution: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = execution["StepExecutions"][0]["Outputs"]
    return found


def test_the_reference_names_23_actions() -> None:
    assert len(all_actions()) == 23


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b'{"Retry": true}', {"Payload": ['{"Retry": true}'], "Retry": ["true"]}),
        (b'"vol-1"', {"Payload": ["vol-1"]}),
        (b"", {"Payload": [""]}),
    ],
)
def test_lambda_payloads(automation: Harness, answer: bytes, expected: dict[str, list[str]]) -> None:
    log = base64.b64encode(b"said").decode()
    automation.aws.on("Invoke", lambda **_: {"StatusCode": 200, "Payload": io.BytesIO(answer), "LogResult": log})
    declared = [{"Name": "Retry", "Selector": "$.Retry", "Type": "Boolean"}] if b"Retry" in answer else []
    inputs = {"FunctionName": "f", "InputPayload": {"n": 1}, "Payload": "ignored"}
    execution = automation.run(one("invokeLambdaFunction", inputs, outputs=declared))
    shown = outputs(execution)
    assert {name: shown[name] for name in expected} == expected
    assert shown["StatusCode"] == ["200"]
    assert shown["LogResult"] == ["said"]
    assert automation.aws.named("Invoke") == [{"FunctionName": "f", "Payload": b'{"n": 1}'}]


def test_a_function_error_fails_the_step(automation: Harness) -> None:
    answer = {"StatusCode": 200, "FunctionError": "Unhandled"}
    automation.aws.on("Invoke", lambda **_: answer | {"Payload": io.BytesIO(b'{"errorMessage": "x"}')})
    execution = automation.run(one("invokeLambdaFunction", {"FunctionName": "f"}))
    assert execution["AutomationExecutionStatus"] == "Failed"
    assert outputs(execution)["FunctionError"] == ["Unhandled"]


@pytest.mark.parametrize(("status", "expected"), [("SUCCEEDED", "Success"), ("FAILED", "Failed")])
def test_state_machines_are_awaited(automation: Harness, status: str, expected: str) -> None:
    statuses = iter(["RUNNING", status])
    started = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    automation.aws.on("StartExecution", {"executionArn": "arn:e", "startDate": started})
    automation.aws.on(
        "DescribeExecution", lambda **_: {"executionArn": "arn:e", "status": next(statuses), "startDate": started}
    )
    execution = automation.run(one("executeStateMachine", {"stateMachineArn": "arn:aws:states:::m", "input": "{}"}))
    assert execution["AutomationExecutionStatus"] == expected
    assert outputs(execution)["startDate"] == ["2026-01-01T00:00:00+00:00"]


def test_a_cancelled_state_machine_is_stopped(automation: Harness) -> None:
    automation.aws.on("StartExecution", {"executionArn": "arn:e"})
    automation.aws.on("DescribeExecution", {"executionArn": "arn:e", "status": "RUNNING"})
    automation.aws.on("StopExecution", {})
    execution_id = automation.start(one("executeStateMachine", {"stateMachineArn": "arn:aws:states:::m"}))
    while not automation.aws.named("DescribeExecution"):
        time.sleep(0.01)
    automation.engine.stop(execution_id, "Cancel")
    automation.wait(execution_id)
    assert automation.aws.named("StopExecution") == [{"executionArn": "arn:e"}]


def test_a_cancelled_command_is_cancelled_on_the_hosts(automation: Harness) -> None:
    command_id = "11111111-2222-4333-8444-555555555555"
    automation.aws.on(
        "DescribeInstanceInformation", {"InstanceInformationList": [{"InstanceId": "i-1", "PingStatus": "Online"}]}
    )
    automation.aws.on("SendCommand", {"Command": {"CommandId": command_id}})
    automation.aws.on("ListCommands", {"Commands": [{"CommandId": command_id, "Status": "InProgress"}]})
    automation.aws.on("CancelCommand", {})
    inputs = {
        "DocumentName": "D",
        "InstanceIds": ["i-1"],
        "Parameters": {"a": 5, "b": ["x", "y"], "c": True, "d": {"k": 1}},
    }
    execution_id = automation.start(one("runCommand", inputs))
    while not automation.aws.named("ListCommands"):
        time.sleep(0.01)
    automation.engine.stop(execution_id, "Cancel")
    automation.wait(execution_id)
    assert automation.aws.named("CancelCommand") == [{"CommandId": command_id}]
    (sent,) = automation.aws.named("SendCommand")
    assert sent["Parameters"] == {"a": ["5"], "b": ["x", "y"], "c": ["true"], "d": ['{"k":1}']}


def test_several_targets_show_no_output(automation: Harness) -> None:
    command_id = "11111111-2222-4333-8444-555555555555"
    automation.aws.on("SendCommand", {"Command": {"CommandId": command_id}})
    automation.aws.on("ListCommands", {"Commands": [{"CommandId": command_id, "Status": "Success"}]})
    plugin = {"Name": "aws:runShellScript", "ResponseCode": 0, "Output": "said"}
    automation.aws.on(
        "ListCommandInvocations", {"CommandInvocations": [{"InstanceId": "i-1", "CommandPlugins": [plugin]}]}
    )
    targets = [{"Key": "tag:Role", "Values": ["web"]}]
    shown = outputs(automation.run(one("runCommand", {"DocumentName": "D", "Targets": targets})))
    assert set(shown) == {"Status", "CommandId", "OutputPayload"}


def test_throttled_calls_are_repeated_within_the_accounts_window(make_harness: Callable[..., Harness]) -> None:
    automation = make_harness(service_setting={"/ssm/automation/throttled-retry-time-limit": "60"}.get)
    refusals = iter([1, 2])

    def answer(**_: Any) -> dict[str, Any]:
        if next(refusals, None):
            raise automation.refusal("ThrottlingException", "Rate exceeded")
        return {"Parameter": {}}

    automation.aws.on("GetParameter", answer)
    execution = automation.run(one("executeAwsApi", {"Service": "ssm", "Api": "GetParameter", "Name": "/x"}))
    assert execution["AutomationExecutionStatus"] == "Success"
    assert len(automation.aws.named("GetParameter")) == 3


def test_without_the_setting_a_throttled_call_fails(automation: Harness) -> None:
    def answer(**_: Any) -> dict[str, Any]:
        raise automation.refusal("ThrottlingException", "Rate exceeded")

    automation.aws.on("ListDocuments", answer)
    execution = automation.run(one("executeAwsApi", {"Service": "ssm", "Api": "ListDocuments"}))
    details = execution["StepExecutions"][0]["FailureDetails"]
    assert details == {"FailureStage": "Invocation", "FailureType": "Throttling"}


def test_an_alarm_stops_the_execution_and_its_cancellation_runs(automation: Harness) -> None:
    automation.aws.on("DescribeAlarms", {"MetricAlarms": [{"AlarmName": "lost", "StateValue": "ALARM"}]})
    automation.aws.on("DescribeVpcs", {"Vpcs": []})
    steps = [
        *one("sleep", {"Duration": "PT1H"}, onCancel="step:undo", isEnd=True),
        {"name": "undo", "action": "aws:executeAwsApi", "inputs": {"Service": "ec2", "Api": "DescribeVpcs"}},
    ]
    execution = automation.run(steps, AlarmConfiguration={"Alarms": [{"Name": "lost"}]})
    assert execution["AutomationExecutionStatus"] == "Cancelled"
    assert execution["TriggeredAlarms"] == [{"Name": "lost", "State": "ALARM"}]
    assert execution["StepExecutions"][1]["StepStatus"] == "Success"


def test_each_end_is_told_as_an_event(automation: Harness) -> None:
    execution = automation.run(one("sleep", {"Timestamp": "2001-01-01T00:00:00Z"}))
    for _ in range(200):  # the last event follows the status that run() waits for
        if len(automation.events) == 2:
            break
        time.sleep(0.01)
    step, whole = automation.events
    assert step["detail-type"] == "EC2 Automation Step Status-change Notification"
    assert step["detail"]["StepName"] == "a"
    assert whole["detail-type"] == "EC2 Automation Execution Status-change Notification"
    assert whole["detail"]["Status"] == "Success"
    assert whole["detail"]["ExecutedBy"] == execution["ExecutedBy"]
    assert whole["detail"]["DefinitionVersion"] == 1.0
    assert whole["resources"][0].endswith(f":automation-execution/{execution['AutomationExecutionId']}")


def test_a_listener_that_fails_does_not_end_an_execution(automation: Harness) -> None:
    automation.fail_listening = True
    execution = automation.run(one("sleep", {"Timestamp": "2001-01-01T00:00:00Z"}))
    assert execution["AutomationExecutionStatus"] == "Success"


def test_a_call_that_hangs_does_not_outlast_the_step(automation: Harness) -> None:
    released = threading.Event()
    automation.aws.on("DescribeVpcs", lambda **_: {"Vpcs": [{"IsDefault": released.wait()}]})
    try:
        execution = automation.run(one("executeAwsApi", {"Service": "ec2", "Api": "DescribeVpcs"}, timeoutSeconds=1))
    finally:
        released.set()
    assert execution["AutomationExecutionStatus"] == "TimedOut"


def test_the_body_of_a_webhook_integration_is_never_shown(automation: Harness) -> None:
    automation.aws.on("GetParameter", {"Parameter": {"Value": "secret, and no JSON"}})
    execution = automation.run(one("invokeWebhook", {"IntegrationName": "chat"}))
    assert "is not JSON with a url" in execution["FailureMessage"]
    assert "secret" not in json.dumps(execution)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT1S", 1), ("PT1M30S", 90), ("PT2H", 7200), ("P1D", 86_400), ("P1DT1S", 86_401), ("PT0S", 0), ("PT0.5S", 0.5)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "1S", "-PT1S", "PT-1S", "P1Y", "P1W", "pt1s", "PT1S "])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(InvalidInputError):
        duration_seconds(text)


@pytest.mark.parametrize(
    ("arn", "approvers", "may"),
    [
        ("arn:aws:iam::123456789012:user/team/alice", ["alice"], True),
        ("arn:aws:iam::123456789012:user/alice", ["arn:aws:iam::123456789012:user/alice"], True),
        ("arn:aws:sts::123456789012:assumed-role/Ops/bob", ["arn:aws:iam::123456789012:role/Ops"], True),
        ("arn:aws:sts::123456789012:assumed-role/Ops/bob", ["arn:aws:sts::123456789012:assumed-role/Ops/bob"], True),
        ("arn:aws:sts::123456789012:assumed-role/Ops/bob", ["bob", "Ops"], False),
        ("arn:aws:iam::123456789012:user/alice", ["malice"], False),
    ],
)
def test_who_may_approve(arn: str, approvers: list[str], may: bool) -> None:
    assert is_approver(Caller(arn, "123456789012"), approvers) is may


def test_the_same_approver_counts_once(automation: Harness) -> None:
    inputs = {"Approvers": ["alice", "bob"], "MinRequiredApprovals": 2}
    execution_id = automation.start(one("approve", inputs))
    automation.wait(execution_id, {"Waiting"})
    alice, bob = (Caller(f"arn:aws:iam::123456789012:user/{name}", "123456789012") for name in ("alice", "bob"))
    for caller in (alice, alice):
        automation.engine.signal(execution_id, "Approve", {}, caller)
    assert automation.engine.find(execution_id)["AutomationExecutionStatus"] == "Waiting"
    automation.engine.signal(execution_id, "Approve", {"Comment": ["go"]}, bob)
    execution = automation.wait(execution_id)
    decisions = [json.loads(text) for text in outputs(execution)["ApproverDecisions"]]
    assert [(entry["Approver"], entry["ApprovalStatus"]) for entry in decisions] == [
        (alice.arn, "Approve"),
        (bob.arn, "Approve"),
    ]


@pytest.mark.parametrize(
    ("action", "inputs", "message"),
    [
        ("approve", {"Approvers": ["a"], "MinRequiredApprovals": 2}, "from 1 to the 1 approvers"),
        ("approve", {"Approvers": [f"a{n}" for n in range(11)]}, "the most is 10"),
        (
            "loop",
            {"Iterators": ["a"] * 101, "Steps": [{"name": "s", "action": "aws:sleep", "inputs": {}}]},
            "most is 100",
        ),
        ("runCommand", {"DocumentName": "D"}, "either InstanceIds or Targets"),
        ("runInstances", {"ImageId": "ami-1", "UserData": "not base64!"}, "not Base64"),
        ("createStack", {"StackName": "s"}, "needs TemplateBody or TemplateURL"),
        ("createStack", {"StackName": "s", "TemplateBody": "x" * 51_201}, "the most is 51200"),
        ("executeAwsApi", {"Service": "nobody", "Api": "X"}, "nobody is not one that boto3 knows"),
        ("executeAutomation", {"DocumentName": "D", "Targets": [{"Key": "k"}]}, "together"),
        ("changeInstanceState", {"DesiredState": "running"}, "InstanceIds of aws:changeInstanceState is required"),
        ("sleep", {"Duration": "PT1S", "Timestamp": "2001-01-01T00:00:00Z"}, "either Duration or Timestamp"),
        ("sleep", {"Duration": 5}, "is not a String"),
        ("sleep", {"Length": "PT1S"}, "is not one that aws:sleep takes"),
        ("noSuchAction", {}, "Unknown action: aws:noSuchAction"),
    ],
)
def test_inputs_that_do_not_fit_fail_their_validation(
    automation: Harness, action: str, inputs: dict[str, Any], message: str
) -> None:
    execution = automation.run(one(action, inputs))
    assert execution["AutomationExecutionStatus"] == "Failed"
    assert message in execution["FailureMessage"]
    assert execution["StepExecutions"][0]["FailureDetails"]["FailureStage"] == "InputValidation"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "not a map"),
        ({"schemaVersion": "2.2"}, "schemaVersion is '2.2'"),
        ({"schemaVersion": "0.3"}, 'Missing "mainSteps"'),
        ({"schemaVersion": "0.3", "mainSteps": [{"action": "x"}]}, 'Missing "name" in step detail'),
        ({"schemaVersion": "0.3", "mainSteps": [{"name": "a b", "action": "x"}]}, "StepName: a b is invalid"),
        ({"schemaVersion": "0.3", "mainSteps": [{"name": "a"}]}, 'Missing "action" in step detail'),
        ({"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "x"}] * 2}, "Duplicate step names"),
        (
            {"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "x", "nextStep": "b"}]},
            'Unknown step name: "b"',
        ),
        ({"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "x", "isEnd": 1}]}, "isEnd is 1"),
        (
            {"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "x", "onFailure": "retry"}]},
            "onFailure is 'retry'",
        ),
        ({"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "aws:loop"}]}, "a loop needs a list of Steps"),
        ({"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "aws:branch"}]}, "a list of Choices"),
        (
            {"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "x"}], "outputs": ["b.C"]},
            "Unknown step name in named",
        ),
        (
            {"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "x"}], "parameters": {"P": {}}},
            'Missing "type"',
        ),
    ],
)
def test_malformed_documents_are_refused_clearly(automation: Harness, content: Any, message: str) -> None:
    automation.documents.put("Bad", content)
    with pytest.raises(Exception, match="InvalidAutomationExecutionParametersException") as caught:
        automation.engine.start({"DocumentName": "Bad"}, Caller("arn:aws:iam::123456789012:user/a", "123456789012"))
    assert message in str(caught.value)
