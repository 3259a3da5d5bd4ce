"""Alarms go off and recover, alone and combined, and tell whom they should."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from .conftest import ACCOUNT, REGION, allow, eventually, make_function, policy, queue, received, role

if TYPE_CHECKING:
    from collections.abc import Callable

BREACH = {"Namespace": "Shop", "MetricName": "Failed", "Dimensions": [{"Name": "StackName", "Value": "shop"}]}


@pytest.fixture(scope="module")
def topic(client: Callable[[str], Any]) -> tuple[str, str]:
    """A topic that CloudWatch may publish to, and the URL of a queue that gets what is published."""
    sns, sqs = client("sns"), client("sqs")
    arn = sns.create_topic(Name="alarms")["TopicArn"]
    url, queue_arn = queue(sqs, "alarms", "sns.amazonaws.com")
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
    return arn, url


def put_alarm(client: Callable[[str], Any], name: str, topic_arn: str | None = None, **changes: Any) -> None:
    actions = [topic_arn] if topic_arn else []
    request = {
        "AlarmName": name,
        **BREACH,
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "AlarmActions": actions,
        "OKActions": actions,
    }
    client("cloudwatch").put_metric_alarm(**{k: v for k, v in (request | changes).items() if v is not None})


def state(client: Callable[[str], Any], name: str) -> str:
    answer = client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return str([*answer["MetricAlarms"], *answer["CompositeAlarms"]][0]["StateValue"])


def report(client: Callable[[str], Any], value: float, **where: Any) -> None:
    metric = BREACH | where
    client("cloudwatch").put_metric_data(
        Namespace=metric["Namespace"],
        MetricData=[{"MetricName": metric["MetricName"], "Dimensions": metric["Dimensions"], "Value": value}],
    )


def keep_reporting(client: Callable[[str], Any], value: float, name: str, wanted: str, **where: Any) -> None:
    """Report a value again and again until the alarm is in this state."""

    def look() -> bool:
        report(client, value, **where)
        return state(client, name) == wanted

    eventually(look, f"{name} to be {wanted}")


def notifications(client: Callable[[str], Any], url: str) -> list[tuple[str, dict[str, Any]]]:
    """Subject and message of what has come."""
    bodies = [json.loads(message["Body"]) for message in received(client("sqs"), url)]
    return [(body["Subject"], json.loads(body["Message"])) for body in bodies]


def test_an_alarm_goes_off_and_recovers_and_tells_so(client: Callable[[str], Any], topic: tuple[str, str]) -> None:
    arn, url = topic
    put_alarm(client, "failing", arn, AlarmDescription="Look into it with FlaskOps-Troubleshoot.")
    assert state(client, "failing") == "INSUFFICIENT_DATA"
    keep_reporting(client, 0, "failing", "OK")
    keep_reporting(client, 1, "failing", "ALARM")
    keep_reporting(client, 0, "failing", "OK")

    told: list[tuple[str, dict[str, Any]]] = []
    eventually(lambda: told.extend(notifications(client, url)) or len(told) >= 3, "three notifications")
    assert [message["NewStateValue"] for _, message in told] == ["OK", "ALARM", "OK"]
    subject, message = told[1]
    assert subject == 'ALARM: "failing" in US East (N. Virginia)'
    assert message["AlarmName"] == "failing"
    assert message["AlarmArn"] == f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:failing"
    assert message["OldStateValue"] == "OK"
    assert message["Region"] == "US East (N. Virginia)"
    assert message["AWSAccountId"] == ACCOUNT
    assert message["NewStateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoint [1.0 (")
    assert "was greater than or equal to the threshold (1.0)" in message["NewStateReason"]
    assert message["Trigger"]["Dimensions"] == [{"name": "StackName", "value": "shop"}]
    assert message["Trigger"]["Statistic"] == "MAXIMUM"
    assert message["Trigger"]["Period"] == 60


def test_the_history_tells_changes_and_actions(client: Callable[[str], Any], topic: tuple[str, str]) -> None:
    put_alarm(client, "told", topic[0], MetricName="Told")
    keep_reporting(client, 0, "told", "OK", MetricName="Told")
    keep_reporting(client, 5, "told", "ALARM", MetricName="Told")

    cloudwatch = client("cloudwatch")
    items = cloudwatch.describe_alarm_history(AlarmName="told", ScanBy="TimestampAscending")["AlarmHistoryItems"]
    assert [item["HistoryItemType"] for item in items] == [
        "ConfigurationUpdate", "StateUpdate", "Action", "StateUpdate", "Action",
    ]  # fmt: skip
    assert items[3]["HistorySummary"] == "Alarm updated from OK to ALARM"
    data = json.loads(items[3]["HistoryData"])
    assert (data["oldState"]["stateValue"], data["newState"]["stateValue"]) == ("OK", "ALARM")
    assert data["newState"]["stateReasonData"]["recentDatapoints"] == [5.0]
    assert items[4]["HistorySummary"] == f"Successfully executed action {topic[0]}"
    updates = cloudwatch.describe_alarm_history(AlarmName="told", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert updates[0]["HistorySummary"] == "Alarm updated from OK to ALARM"  # newest first
    shown = cloudwatch.describe_alarms(AlarmNames=["told"])["MetricAlarms"][0]
    assert shown["StateTransitionedTimestamp"] == shown["StateUpdatedTimestamp"] == items[3]["Timestamp"] or (
        abs(shown["StateUpdatedTimestamp"] - items[3]["Timestamp"]) < timedelta(seconds=2)
    )


def test_missing_data_may_count_as_breaching(client: Callable[[str], Any]) -> None:
    put_alarm(client, "silent", MetricName="Silent", TreatMissingData="breaching")
    eventually(lambda: state(client, "silent") == "ALARM", "the alarm on nothing")
    reason = client("cloudwatch").describe_alarms(AlarmNames=["silent"])["MetricAlarms"][0]["StateReason"]
    assert reason == (
        "Threshold Crossed: no datapoints were received for 1 period "
        "and 1 missing datapoint was treated as [Breaching]."
    )


def test_two_of_three_and_a_percentile(client: Callable[[str], Any]) -> None:
    put_alarm(
        client, "slow", MetricName="Latency", Statistic=None, ExtendedStatistic="p50", EvaluationPeriods=3,
        DatapointsToAlarm=2, Threshold=100.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    keep_reporting(client, 50, "slow", "OK", MetricName="Latency")
    keep_reporting(client, 500, "slow", "ALARM", MetricName="Latency")


def test_metric_math_is_watched(client: Callable[[str], Any]) -> None:
    metric = {"Namespace": "Shop", "Dimensions": BREACH["Dimensions"]}
    stat = {"Period": 60, "Stat": "Sum"}
    queries = [
        {"Id": "bad", "MetricStat": {"Metric": {**metric, "MetricName": "Bad"}, **stat}, "ReturnData": False},
        {"Id": "all", "MetricStat": {"Metric": {**metric, "MetricName": "All"}, **stat}, "ReturnData": False},
        {"Id": "share", "Expression": "100 * bad / all", "ReturnData": True},
    ]
    client("cloudwatch").put_metric_alarm(
        AlarmName="share", Metrics=queries, EvaluationPeriods=1, Threshold=10.0,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip

    def look(bad: float, wanted: str) -> bool:
        report(client, 10, MetricName="All")
        report(client, bad, MetricName="Bad")
        return state(client, "share") == wanted

    eventually(lambda: look(0, "OK"), "no share")
    eventually(lambda: look(5, "ALARM"), "half of all")


def test_a_composite_alarm_follows_its_children(client: Callable[[str], Any], topic: tuple[str, str]) -> None:
    arn, url = topic
    for name in ("one", "two"):
        put_alarm(client, name, MetricName=name)
        keep_reporting(client, 0, name, "OK", MetricName=name)
    notifications(client, url)
    client("cloudwatch").put_composite_alarm(
        AlarmName="down", AlarmRule='ALARM("one") AND ALARM("two")', AlarmActions=[arn], OKActions=[arn]
    )
    eventually(lambda: state(client, "down") == "OK", "the composite alarm's first state")

    def both(value: float, wanted: str) -> bool:
        report(client, value, MetricName="one")
        report(client, value, MetricName="two")
        return state(client, "down") == wanted

    keep_reporting(client, 1, "one", "ALARM", MetricName="one")
    assert state(client, "down") == "OK"
    eventually(lambda: both(1, "ALARM"), "both to fail")
    eventually(lambda: both(0, "OK"), "both to recover")

    told: list[tuple[str, dict[str, Any]]] = []
    eventually(lambda: told.extend(notifications(client, url)) or len(told) >= 3, "three notifications")
    assert [(m["AlarmName"], m["NewStateValue"]) for _, m in told] == [
        ("down", "OK"),
        ("down", "ALARM"),
        ("down", "OK"),
    ]
    alarm = told[1][1]
    assert alarm["AlarmRule"] == 'ALARM("one") AND ALARM("two")'
    assert {child["Arn"].rpartition(":")[2] for child in alarm["TriggeringChildren"]} == {"one", "two"}
    assert " transitioned to ALARM at " in alarm["NewStateReason"]


def test_composite_alarms_are_told_apart(client: Callable[[str], Any]) -> None:
    cloudwatch = client("cloudwatch")
    put_alarm(client, "part", MetricName="Part")
    cloudwatch.put_composite_alarm(AlarmName="whole", AlarmRule="ALARM(part) OR FALSE")

    def names(kind: str, **request: Any) -> list[str]:
        return [alarm["AlarmName"] for alarm in cloudwatch.describe_alarms(**request)[kind]]

    assert names("CompositeAlarms", AlarmNames=["whole"]) == []  # only where composite alarms are asked for
    assert names("CompositeAlarms", AlarmNames=["whole"], AlarmTypes=["CompositeAlarm"]) == ["whole"]
    assert names("MetricAlarms", ChildrenOfAlarmName="whole") == ["part"]
    assert names("CompositeAlarms", ParentsOfAlarmName="part") == ["whole"]
    with pytest.raises(ClientError, match="depends on them"):
        cloudwatch.delete_alarms(AlarmNames=["part"])
    cloudwatch.set_alarm_state(AlarmName="whole", StateValue="ALARM", StateReason="testing")
    assert cloudwatch.describe_alarms(AlarmNames=["whole"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0][
        "StateReason"
    ] in {
        "testing",
        f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:whole was created and its alarm rule evaluates to OK",
    }
    cloudwatch.delete_alarms(AlarmNames=["whole", "part"])
    assert names("CompositeAlarms", AlarmNames=["whole"], AlarmTypes=["CompositeAlarm"]) == []


@pytest.mark.parametrize(
    ("rule", "message"),
    [("ALARM(absent)", "do not exist"), ("ALARM(", "cannot be understood"), ("a", "cannot be understood")],
)
def test_a_rule_that_cannot_be_is_refused(client: Callable[[str], Any], rule: str, message: str) -> None:
    with pytest.raises(ClientError, match=message) as refused:
        client("cloudwatch").put_composite_alarm(AlarmName="never", AlarmRule=rule)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize(
    "change",
    [
        {"Period": 45},
        {"ComparisonOperator": "LessThanLowerThreshold"},
        {"DatapointsToAlarm": 2},
        {"TreatMissingData": "perhaps"},
        {"ExtendedStatistic": "p90"},
        {"Statistic": None},
        {"Statistic": None, "ExtendedStatistic": "tm90"},
        {"AlarmActions": ["no arn"]},
        {"MetricName": None},
    ],
)
def test_an_alarm_that_cannot_be_is_refused(client: Callable[[str], Any], change: dict[str, Any]) -> None:
    with pytest.raises(ClientError):
        put_alarm(client, "never", **change)
    assert client("cloudwatch").describe_alarms(AlarmNames=["never"])["MetricAlarms"] == []


def test_disabled_actions_are_not_taken(client: Callable[[str], Any], topic: tuple[str, str]) -> None:
    cloudwatch = client("cloudwatch")
    put_alarm(client, "quiet", topic[0], MetricName="Quiet")
    cloudwatch.disable_alarm_actions(AlarmNames=["quiet"])
    keep_reporting(client, 1, "quiet", "ALARM", MetricName="Quiet")
    items = cloudwatch.describe_alarm_history(AlarmName="quiet", HistoryItemType="Action")["AlarmHistoryItems"]
    assert items == []
    cloudwatch.enable_alarm_actions(AlarmNames=["quiet"])
    keep_reporting(client, 0, "quiet", "OK", MetricName="Quiet")
    eventually(
        lambda: cloudwatch.describe_alarm_history(AlarmName="quiet", HistoryItemType="Action")["AlarmHistoryItems"],
        "the action of an alarm whose actions are enabled again",
    )


@pytest.mark.parametrize("kind", ["policy", "key"])
def test_a_topic_that_does_not_let_cloudwatch_in_is_not_told(client: Callable[[str], Any], kind: str) -> None:
    sns, cloudwatch = client("sns"), client("cloudwatch")
    name = f"closed-{kind}"
    arn = sns.create_topic(Name=name)["TopicArn"]
    if kind == "policy":
        only = allow("sns:Publish", arn) | {"Principal": {"Service": "events.amazonaws.com"}}
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy(only))
    else:
        sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns")
    put_alarm(client, name, arn, MetricName=name, TreatMissingData="breaching")
    item = eventually(
        lambda: cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"],
        "the failed action",
    )[0]

    assert item["HistorySummary"].startswith(f"Failed to execute action {arn}. Received error: ")
    assert json.loads(item["HistoryData"])["actionState"] == "Failed"


def test_an_encrypted_topic_is_told_where_the_key_lets_cloudwatch_in(client: Callable[[str], Any]) -> None:
    sns, cloudwatch = client("sns"), client("cloudwatch")
    lets_in = allow(["kms:GenerateDataKey*", "kms:Decrypt"]) | {"Principal": {"Service": "cloudwatch.amazonaws.com"}}
    owner = allow("kms:*") | {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    key = client("kms").create_key(Policy=policy(owner, lets_in))["KeyMetadata"]["KeyId"]
    client("kms").create_alias(AliasName="alias/alarms", TargetKeyId=key)
    arn = sns.create_topic(Name="encrypted", Attributes={"KmsMasterKeyId": "alias/alarms"})["TopicArn"]
    put_alarm(client, "encrypted", arn, MetricName="Encrypted", TreatMissingData="breaching")
    item = eventually(
        lambda: cloudwatch.describe_alarm_history(AlarmName="encrypted", HistoryItemType="Action")["AlarmHistoryItems"],
        "the action",
    )[0]
    assert item["HistorySummary"] == f"Successfully executed action {arn}"


def test_metrics_of_a_functions_log_are_metrics(client: Callable[[str], Any]) -> None:
    source = """
import json, time

def handler(event, context):
    print(json.dumps({
        "_aws": {"Timestamp": round(time.time() * 1000), "CloudWatchMetrics": [
            {"Namespace": "Probe", "Dimensions": [["StackName"], ["StackName", "Check"], []],
             "Metrics": [{"Name": "Failed", "Unit": "Count"}, {"Name": "Latency", "Unit": "Milliseconds"}]}]},
        "StackName": "shop", "Check": "https", "Failed": event["failed"], "Latency": [10, 20, 30]}))
    print("{ not json, with \\"_aws\\" in it")
"""
    own = role(
        client("iam"), "emitting", "lambda.amazonaws.com",
        allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]),
    )  # fmt: skip
    make_function(client("lambda"), "emitting", source, own)
    put_alarm(client, "probe", Namespace="Probe")

    def look(failed: int, wanted: str) -> bool:
        client("lambda").invoke(FunctionName="emitting", Payload=json.dumps({"failed": failed}))
        return state(client, "probe") == wanted

    eventually(lambda: look(0, "OK"), "the probe's first state")
    eventually(lambda: look(1, "ALARM"), "the probe to fail")
    eventually(lambda: look(0, "OK"), "the probe to recover")

    cloudwatch = client("cloudwatch")
    listed = cloudwatch.list_metrics(Namespace="Probe", MetricName="Failed")["Metrics"]
    assert sorted(len(metric["Dimensions"]) for metric in listed) == [0, 1, 2]
    now = datetime.now(UTC)
    request = {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=1), "Period": 600}
    metric = {"Namespace": "Probe", "MetricName": "Latency", "Dimensions": [{"Name": "StackName", "Value": "shop"}]}
    points = cloudwatch.get_metric_statistics(
        **metric, **request, Statistics=["Average", "Minimum", "Maximum"], ExtendedStatistics=["p90"]
    )["Datapoints"]
    assert [(p["Average"], p["Minimum"], p["Maximum"], p["Unit"]) for p in points] == [
        (20.0, 10.0, 30.0, "Milliseconds")
    ]
    assert points[0]["ExtendedStatistics"] == {"p90": 30.0}
    results = cloudwatch.get_metric_data(
        StartTime=request["StartTime"],
        EndTime=request["EndTime"],
        MetricDataQueries=[
            {"Id": "m", "MetricStat": {"Metric": metric, "Period": 600, "Stat": "Maximum"}, "ReturnData": False},
            {"Id": "e", "Expression": "m / 10"},
        ],
    )["MetricDataResults"]
    assert [(result["Id"], result["Values"]) for result in results] == [("e", [3.0])]
    assert time.time() - results[0]["Timestamps"][0].timestamp() < 3600
