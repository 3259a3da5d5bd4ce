"""Schedules run, events find the targets of rules, executions and commands tell of themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from .conftest import ACCOUNT, FORWARDING, REGION, allow, eventually, make_function, policy, queue, received, role

if TYPE_CHECKING:
    from collections.abc import Callable

NO_WINDOW = {"Mode": "OFF"}
RUNBOOK = """
schemaVersion: '0.3'
parameters:
  Seconds: {type: String, default: '0'}
mainSteps:
  - name: wait
    action: aws:sleep
    inputs: {Duration: PT0S}
"""
FAILING = """
schemaVersion: '0.3'
mainSteps:
  - name: lookUp
    action: aws:executeAwsApi
    inputs: {Service: ssm, Api: GetParameter, Name: /absent}
"""


@pytest.fixture(scope="module")
def runbooks(client: Callable[[str], Any]) -> tuple[str, str]:
    for name, content in (("Own-Wait", RUNBOOK), ("Own-Fail", FAILING)):
        client("ssm").create_document(Name=name, Content=content, DocumentType="Automation", DocumentFormat="YAML")
    return "Own-Wait", "Own-Fail"


def executions(client: Callable[[str], Any], name: str) -> list[dict[str, Any]]:
    filters = [{"Key": "DocumentNamePrefix", "Values": [name]}]
    return list(client("ssm").describe_automation_executions(Filters=filters)["AutomationExecutionMetadataList"])


def schedule(
    client: Callable[[str], Any], name: str, target: dict[str, Any], expression: str = "rate(1 minute)"
) -> None:
    client("scheduler").create_schedule(
        Name=name, ScheduleExpression=expression, FlexibleTimeWindow=NO_WINDOW, Target=target
    )


def test_a_schedule_starts_an_automation(client: Callable[[str], Any], runbooks: tuple[str, str]) -> None:
    starting = role(
        client("iam"), "starting", "scheduler.amazonaws.com",
        allow("ssm:StartAutomationExecution"),
    )  # fmt: skip
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:ssm:startAutomationExecution",
        "RoleArn": starting,
        "Input": json.dumps({"DocumentName": runbooks[0], "Parameters": {"Seconds": ["7"]}}),
    }
    schedule(client, "waiting", target)
    found = eventually(lambda: executions(client, runbooks[0]), "an execution")[0]
    client("scheduler").delete_schedule(Name="waiting")
    whole = client("ssm").get_automation_execution(AutomationExecutionId=found["AutomationExecutionId"])

    assert found["ExecutedBy"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/starting/scheduler"
    assert whole["AutomationExecution"]["Parameters"]["Seconds"] == ["7"]


def test_a_schedule_invokes_a_function_again_and_again(client: Callable[[str], Any]) -> None:
    url, arn = queue(client("sqs"), "invoked")
    own = role(client("iam"), "sending", "lambda.amazonaws.com", allow("sqs:SendMessage", arn))
    function = make_function(client("lambda"), "invoked", FORWARDING.format(url=url), own, Timeout=30)
    invoking = role(client("iam"), "invoking", "scheduler.amazonaws.com", allow("lambda:InvokeFunction", function))
    given = json.dumps({"at": "<aws.scheduler.scheduled-time>", "by": "<aws.scheduler.schedule-arn>"})
    schedule(client, "invoking", {"Arn": function, "RoleArn": invoking, "Input": given})
    got: list[dict[str, Any]] = []
    eventually(lambda: got.extend(received(client("sqs"), url)) or len(got) >= 3, "three invocations")
    client("scheduler").delete_schedule(Name="invoking")

    bodies = [json.loads(message["Body"]) for message in got]
    assert {body["by"] for body in bodies} == {f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/invoking"}
    assert len({body["at"] for body in bodies}) >= 2


def test_a_disabled_schedule_does_not_run(client: Callable[[str], Any]) -> None:
    scheduler, sqs = client("scheduler"), client("sqs")
    off, off_arn = queue(sqs, "off")
    on, on_arn = queue(sqs, "on")
    sending = role(client("iam"), "to-queues", "scheduler.amazonaws.com", allow("sqs:SendMessage"))
    for name, arn, state in (("is-off", off_arn, "DISABLED"), ("is-on", on_arn, "ENABLED")):
        scheduler.create_schedule(
            Name=name, ScheduleExpression="rate(1 minute)", FlexibleTimeWindow=NO_WINDOW, State=state,
            Target={"Arn": arn, "RoleArn": sending, "Input": "now"},
        )  # fmt: skip
    got: list[Any] = []
    eventually(lambda: got.extend(received(sqs, on)) or len(got) >= 3, "the schedule that is on to run three times")
    for name in ("is-on", "is-off"):
        scheduler.delete_schedule(Name=name)

    assert [message["Body"] for message in got[:3]] == ["now"] * 3
    assert received(sqs, off) == []


def test_what_a_schedules_role_may_not_do_ends_in_the_dead_letter_queue(client: Callable[[str], Any]) -> None:
    sqs = client("sqs")
    url, dead = queue(sqs, "dead")
    _, target = queue(sqs, "forbidden")
    own = role(client("iam"), "dead-only", "scheduler.amazonaws.com", allow("sqs:SendMessage", dead))
    schedule(client, "forbidden", {"Arn": target, "RoleArn": own, "Input": "x", "DeadLetterConfig": {"Arn": dead}})
    message = eventually(lambda: received(sqs, url), "the dead letter")[0]
    client("scheduler").delete_schedule(Name="forbidden")
    said = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}

    assert message["Body"] == "x"
    assert said["SCHEDULE_ARN"].endswith(":schedule/default/forbidden")
    assert said["TARGET_ARN"] == target
    assert "not authorized to perform: sqs:SendMessage" in said["ERROR_MESSAGE"]


def test_an_input_that_is_no_request_ends_in_the_dead_letter_queue(client: Callable[[str], Any]) -> None:
    url, dead = queue(client("sqs"), "no-request")
    own = role(client("iam"), "no-request", "scheduler.amazonaws.com", allow("sqs:SendMessage", dead))
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:ssm:startAutomationExecution", "RoleArn": own, "Input": "[]"}
    schedule(client, "no-request", target | {"DeadLetterConfig": {"Arn": dead}})
    message = eventually(lambda: received(client("sqs"), url), "the dead letter")[0]
    client("scheduler").delete_schedule(Name="no-request")
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "InvalidRequest"


@pytest.mark.parametrize(
    "change",
    [
        {"ScheduleExpression": "every minute"},
        {"ScheduleExpressionTimezone": "Mars/Olympus"},
        {
            "Target": {
                "Arn": "arn:aws:scheduler:::aws-sdk:ssm:getParameter",
                "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/x",
            }
        },
        {"Target": {"Arn": "arn:aws:kinesis:us-east-1:1:stream/x", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/x"}},
    ],
)
def test_a_schedule_that_could_never_run_is_refused(client: Callable[[str], Any], change: dict[str, Any]) -> None:
    target = {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/x"}
    request = {"ScheduleExpression": "rate(1 minute)", "FlexibleTimeWindow": NO_WINDOW, "Target": target}
    with pytest.raises(client("scheduler").exceptions.ValidationException):
        client("scheduler").create_schedule(Name="never", **request | change)


def rule_to_topic(client: Callable[[str], Any], name: str, pattern: dict[str, Any], **target: Any) -> str:
    """A rule that sends to a topic of its own; returns the URL of a queue that gets it raw."""
    sns, sqs, events = client("sns"), client("sqs"), client("events")
    topic = sns.create_topic(Name=name)["TopicArn"]
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    lets_in = allow("sns:Publish", topic) | {"Principal": {"Service": "events.amazonaws.com"}}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(lets_in))
    url, queue_arn = queue(sqs, name, "sns.amazonaws.com")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    events.put_targets(Rule=name, Targets=[{"Id": "topic", "Arn": topic, **target}])
    return url


def test_a_failed_execution_reaches_a_topic(client: Callable[[str], Any], runbooks: tuple[str, str]) -> None:
    pattern = {
        "source": ["aws.ssm"],
        "detail-type": ["EC2 Automation Execution Status-change Notification"],
        "detail": {"Status": ["Failed", "TimedOut", "Cancelled"]},
    }
    transformer = {
        "InputPathsMap": {"name": "$.detail.Definition", "status": "$.detail.Status", "id": "$.detail.ExecutionId"},
        "InputTemplate": '"Runbook <name> ended <status>: <id>"',
    }
    url = rule_to_topic(client, "failed-executions", pattern, InputTransformer=transformer)
    good = client("ssm").start_automation_execution(DocumentName=runbooks[0])["AutomationExecutionId"]
    bad = client("ssm").start_automation_execution(DocumentName=runbooks[1])["AutomationExecutionId"]
    message = eventually(lambda: received(client("sqs"), url), "the notification")[0]

    assert message["Body"] == f"Runbook Own-Fail ended Failed: {bad}"
    assert good not in message["Body"]


def test_steps_of_executions_are_events_too(client: Callable[[str], Any], runbooks: tuple[str, str]) -> None:
    pattern = {"source": ["aws.ssm"], "detail-type": ["EC2 Automation Step Status-change Notification"]}
    url = rule_to_topic(client, "steps", pattern | {"detail": {"Definition": [runbooks[1]]}})
    execution = client("ssm").start_automation_execution(DocumentName=runbooks[1])["AutomationExecutionId"]
    event = json.loads(eventually(lambda: received(client("sqs"), url), "the event")[0]["Body"])

    assert event["detail"]["ExecutionId"] == execution
    assert event["detail"]["StepName"] == "lookUp"
    assert event["detail"]["Status"] == "Failed"
    assert event["detail"]["Action"] == "aws:executeAwsApi"
    assert event["source"] == "aws.ssm"
    assert event["account"] == ACCOUNT
    assert event["resources"][0] == f"arn:aws:ssm:{REGION}:{ACCOUNT}:automation-execution/{execution}"


def test_an_alarms_change_is_an_event(client: Callable[[str], Any]) -> None:
    pattern = {"source": ["aws.cloudwatch"], "detail": {"alarmName": ["quiet"], "state": {"value": ["ALARM"]}}}
    url = rule_to_topic(client, "alarm-events", pattern)
    client("cloudwatch").put_metric_alarm(
        AlarmName="quiet", Namespace="N", MetricName="M", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="LessThanThreshold", TreatMissingData="breaching", AlarmDescription="Quiet.",
    )  # fmt: skip
    event = json.loads(eventually(lambda: received(client("sqs"), url), "the event")[0]["Body"])

    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert event["detail"]["state"]["value"] == "ALARM"
    assert event["detail"]["configuration"]["description"] == "Quiet."
    assert event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "M"


def test_a_rule_starts_an_automation_with_its_role(client: Callable[[str], Any], runbooks: tuple[str, str]) -> None:
    own = role(client("iam"), "by-rule", "events.amazonaws.com", allow("ssm:StartAutomationExecution"))
    events = client("events")
    events.put_rule(Name="start", EventPattern=json.dumps({"source": ["shop"]}))
    definition = f"arn:aws:ssm:{REGION}:{ACCOUNT}:automation-definition/{runbooks[0]}"
    target = {
        "Id": "runbook",
        "Arn": definition,
        "RoleArn": own,
        "InputTransformer": {
            "InputPathsMap": {"seconds": "$.detail.seconds"},
            "InputTemplate": '{"Seconds": [<seconds>]}',
        },
    }
    events.put_targets(Rule="start", Targets=[target])
    answer = events.put_events(Entries=[{"Source": "shop", "DetailType": "x", "Detail": '{"seconds": "42"}'}])
    assert answer["FailedEntryCount"] == 0

    def started() -> list[dict[str, Any]]:
        return [each for each in executions(client, runbooks[0]) if "by-rule" in each["ExecutedBy"]]

    execution = eventually(started, "the execution")[0]["AutomationExecutionId"]
    whole = client("ssm").get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
    assert whole["Parameters"]["Seconds"] == ["42"]


def test_a_scheduled_rule_invokes_a_function_whose_policy_lets_it(client: Callable[[str], Any]) -> None:
    sqs, events, functions = client("sqs"), client("events"), client("lambda")
    url, arn = queue(sqs, "scheduled")
    own = role(client("iam"), "scheduled", "lambda.amazonaws.com", allow("sqs:SendMessage", arn))
    function = make_function(functions, "scheduled", FORWARDING.format(url=url), own, Timeout=30)
    dead_url, dead = queue(sqs, "rule-dead", "events.amazonaws.com")
    rule = events.put_rule(Name="often", ScheduleExpression="rate(1 minute)")["RuleArn"]
    events.put_targets(Rule="often", Targets=[{"Id": "f", "Arn": function, "DeadLetterConfig": {"Arn": dead}}])
    message = eventually(lambda: received(sqs, dead_url), "the dead letter of a rule that may not invoke")[0]
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert message["MessageAttributes"]["RULE_ARN"]["StringValue"] == rule

    functions.add_permission(
        FunctionName="scheduled", StatementId="rule", Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com", SourceArn=rule,
    )  # fmt: skip
    event = json.loads(eventually(lambda: received(sqs, url), "the scheduled event")[0]["Body"])
    events.remove_targets(Rule="often", Ids=["f"])
    events.delete_rule(Name="often")
    assert event["detail-type"] == "Scheduled Event"
    assert event["resources"] == [rule]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Arn": "arn:aws:kinesis:us-east-1:111122223333:stream/x"}, "no target that rules of this endpoint can have"),
        ({"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", "Input": "1", "InputPath": "$.x"}, "Only one of Input"),
        ({"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", "InputPath": "detail"}, "does not begin with"),
    ],
)
def test_a_target_that_cannot_be_is_refused(client: Callable[[str], Any], target: dict[str, Any], message: str) -> None:
    client("events").put_rule(Name="bad", EventPattern=json.dumps({"source": ["x"]}))
    with pytest.raises(ClientError, match=message):
        client("events").put_targets(Rule="bad", Targets=[{"Id": "t", **target}])


def test_a_pattern_that_cannot_be_used_stops_no_event(client: Callable[[str], Any]) -> None:
    events, (url, arn) = client("events"), queue(client("sqs"), "beside", "events.amazonaws.com")
    events.put_rule(Name="a-unusable", EventPattern=json.dumps({"source": [{}]}))
    events.put_rule(Name="b-beside", EventPattern=json.dumps({"source": ["beside"]}))
    events.put_targets(Rule="b-beside", Targets=[{"Id": "q", "Arn": arn}])
    answer = events.put_events(Entries=[{"Source": "beside", "DetailType": "x", "Detail": "{}"}])
    events.delete_rule(Name="a-unusable")
    assert answer["FailedEntryCount"] == 0
    eventually(lambda: received(client("sqs"), url), "the event beside")


def test_events_of_aws_cannot_be_forged(client: Callable[[str], Any]) -> None:
    entry = {"Source": "aws.ssm", "DetailType": "x", "Detail": "{}"}
    answer = client("events").put_events(Entries=[entry, {"Source": "own", "DetailType": "x", "Detail": "[]"}])
    assert [each["ErrorCode"] for each in answer["Entries"]] == ["NotAuthorizedForSourceException", "MalformedDetail"]
    assert answer["FailedEntryCount"] == 2


def test_topics_and_subscriptions_are_listed_as_they_are(client: Callable[[str], Any]) -> None:
    sns = client("sns")
    topic = sns.create_topic(Name="listed")["TopicArn"]
    _, arn = queue(client("sqs"), "listed", "sns.amazonaws.com")
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    own = [each for each in sns.list_subscriptions()["Subscriptions"] if each["TopicArn"] == topic]

    assert topic in {each["TopicArn"] for each in sns.list_topics()["Topics"]}
    assert [(each["SubscriptionArn"], each["Endpoint"]) for each in own] == [(subscription["SubscriptionArn"], arn)]
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
