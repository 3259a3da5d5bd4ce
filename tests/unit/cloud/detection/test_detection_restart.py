"""What detection is made of survives a restart of the endpoint, and goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rehearsal.cloud import Cloud, CloudSettings

from .conftest import ACCOUNT, REGION, allow, clients, eventually, make_function, queue, received, role

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
import json, time

def handler(event, context):
    print(json.dumps({"_aws": {"Timestamp": round(time.time() * 1000), "CloudWatchMetrics": [
        {"Namespace": "Probe", "Dimensions": [[]], "Metrics": [{"Name": "Failed"}]}]}, "Failed": 1}))
"""


def settings(folder: Path) -> CloudSettings:
    return CloudSettings(
        account_id=ACCOUNT, region=REGION, listen=(("127.0.0.1", 0),), instant_hosts=True, tick_seconds=1,
        state_folder=folder,
    )  # fmt: skip


def test_function_schedule_alarm_and_topic_go_on_after_a_restart(tmp_path: Path) -> None:
    first = Cloud(settings(tmp_path))
    first.start()
    make = clients(first.url)
    url, queue_arn = queue(make("sqs"), "alarms", "sns.amazonaws.com")
    topic = make("sns").create_topic(Name="alarms")["TopicArn"]
    make("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    logs = allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])
    own = role(make("iam"), "own", "lambda.amazonaws.com", logs)
    function = make_function(make("lambda"), "probe", SOURCE, own)
    invoking = role(make("iam"), "invoking", "scheduler.amazonaws.com", allow("lambda:InvokeFunction"))
    make("scheduler").create_schedule(
        Name="probe", ScheduleExpression="rate(1 minute)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": function, "RoleArn": invoking},
    )  # fmt: skip
    make("events").put_rule(Name="kept", EventPattern=json.dumps({"source": ["shop"]}))
    make("events").put_targets(Rule="kept", Targets=[{"Id": "q", "Arn": queue_arn}])
    make("cloudwatch").put_metric_alarm(
        AlarmName="probe", Namespace="Probe", MetricName="Failed", Statistic="Maximum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold", TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )  # fmt: skip
    make("cloudwatch").put_composite_alarm(AlarmName="down", AlarmRule="ALARM(probe)")

    def state(name: str) -> str:
        answer = make("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return str([*answer["MetricAlarms"], *answer["CompositeAlarms"]][0]["StateValue"])

    eventually(lambda: state("down") == "ALARM", "the alarm before the restart")
    eventually(lambda: received(make("sqs"), url), "the notification before the restart")
    make("cloudwatch").set_alarm_state(AlarmName="probe", StateValue="OK", StateReason="to see it go off again")
    history = make("cloudwatch").describe_alarm_history(AlarmName="probe")["AlarmHistoryItems"]
    first.stop()

    second = Cloud(settings(tmp_path))
    second.start()
    try:
        make = clients(second.url)
        eventually(lambda: state("down") == "ALARM", "the alarm after the restart")
        after = make("cloudwatch").describe_alarm_history(AlarmName="probe")["AlarmHistoryItems"]
        assert history[-1]["Timestamp"] == after[-1]["Timestamp"]  # the alarm's creation
        metrics = make("cloudwatch").list_metrics(Namespace="Probe")["Metrics"]
        assert [metric["MetricName"] for metric in metrics] == ["Failed"]
        events = make("logs").filter_log_events(logGroupName="/aws/lambda/probe")["events"]
        starts = {event["message"] for event in events if event["message"].startswith("START")}

        def runs_again() -> bool:
            events = make("logs").filter_log_events(logGroupName="/aws/lambda/probe")["events"]
            return bool({e["message"] for e in events if e["message"].startswith("START")} - starts)

        eventually(runs_again, "the schedule to invoke the function after the restart")
        assert make("events").list_targets_by_rule(Rule="kept")["Targets"][0]["Arn"] == queue_arn
        assert make("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["Endpoint"] == queue_arn
    finally:
        second.stop()


def test_a_cloud_that_stops_leaves_no_process_behind(tmp_path: Path) -> None:
    cloud = Cloud(settings(tmp_path))
    cloud.start()
    make = clients(cloud.url)
    own = role(make("iam"), "own", "lambda.amazonaws.com")
    source = f"""
import os, pathlib, subprocess, time

def handler(event, context):
    child = subprocess.Popen(["sleep", "600"])
    pathlib.Path({str(tmp_path / "pids")!r}).write_text(f"{{os.getpid()}} {{child.pid}}")
    time.sleep(event["seconds"])
"""
    make_function(make("lambda"), "parent", source, own, Timeout=600)
    make("lambda").invoke(FunctionName="parent", InvocationType="Event", Payload=b'{"seconds": 600}')
    pids = eventually(lambda: (tmp_path / "pids").exists() and (tmp_path / "pids").read_text().split(), "the function")
    cloud.stop()

    def gone(pid: str) -> bool:
        try:
            return (tmp_path.__class__(f"/proc/{pid}/stat")).read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    eventually(lambda: all(gone(pid) for pid in pids), "the function and what it had started to end")
