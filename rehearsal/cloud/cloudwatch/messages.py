"""What alarms tell others: the SNS message with its subject, and the EventBridge event.

Sources: CloudWatch User Guide, "Alarm events and EventBridge" (samples); the SNS message as consumers of it have it in
their types, such as awslabs' and Chatbot's.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.cloudwatch.evaluation import stamp

if TYPE_CHECKING:
    from rehearsal.cloud.cloudwatch.alarms import Alarm

LONGEST_SUBJECT = 100


def subject(alarm: Alarm, region: str) -> str:
    """`ALARM: "name" in US East (N. Virginia)`."""
    text = f'{alarm.state}: "{alarm.name}" in {region_name(region)}'
    return text if len(text) <= LONGEST_SUBJECT else f"{text[: LONGEST_SUBJECT - 3]}..."


def message(alarm: Alarm, former: str, region: str, account_id: str, children: list[Alarm]) -> str:
    """The notification's text, which is JSON. `children` are the alarms that a composite one was triggered by."""
    body: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.settings.get("AlarmDescription"),
        "AWSAccountId": account_id,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configured),
        "NewStateValue": alarm.state,
        "NewStateReason": alarm.reason,
        "StateChangeTime": stamp(alarm.updated),
        "Region": region_name(region),
        "AlarmArn": alarm.arn,
        "OldStateValue": former,
        "OKActions": list(alarm.settings.get("OKActions") or []),
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": list(alarm.settings.get("InsufficientDataActions") or []),
    }
    if alarm.is_composite:
        body["AlarmRule"] = alarm.settings["AlarmRule"]
        body["TriggeringChildren"] = [
            {"Arn": child.arn, "State": {"Value": child.state, "Timestamp": stamp(child.updated)}} for child in children
        ]
    else:
        body["Trigger"] = _trigger(alarm)
    return json.dumps(body)


def _trigger(alarm: Alarm) -> dict[str, Any]:
    settings = alarm.settings
    terms: dict[str, Any] = {
        "Period": alarm.period,
        "EvaluationPeriods": settings["EvaluationPeriods"],
        "DatapointsToAlarm": settings.get("DatapointsToAlarm") or settings["EvaluationPeriods"],
        "ComparisonOperator": settings["ComparisonOperator"],
        "Threshold": settings["Threshold"],
        "TreatMissingData": settings.get("TreatMissingData") or "missing",
        "EvaluateLowSampleCountPercentile": settings.get("EvaluateLowSampleCountPercentile") or "",
    }
    if settings.get("Metrics"):
        return terms | {"Metrics": [_lowered(each) for each in settings["Metrics"]]}
    simple = settings.get("Statistic")
    return {
        "MetricName": settings["MetricName"],
        "Namespace": settings["Namespace"],
        "StatisticType": "Statistic" if simple else "ExtendedStatistic",
        "Statistic" if simple else "ExtendedStatistic": str(simple).upper()
        if simple
        else settings["ExtendedStatistic"],
        "Unit": settings.get("Unit"),
        "Dimensions": _named(settings.get("Dimensions")),
    } | terms


def _lowered(query: dict[str, Any]) -> dict[str, Any]:
    """A query with its dimensions written in small letters, as the message has them."""
    if "MetricStat" not in query:
        return dict(query)
    stat = dict(query["MetricStat"])
    stat["Metric"] = {**stat["Metric"], "Dimensions": _named(stat["Metric"].get("Dimensions"))}
    return {**query, "MetricStat": stat}


def _named(dimensions: list[dict[str, str]] | None) -> list[dict[str, str]]:
    return [{"value": each["Value"], "name": each["Name"]} for each in dimensions or []]


def event(alarm: Alarm, former: dict[str, Any], region: str, account_id: str) -> dict[str, Any]:
    """The event "CloudWatch Alarm State Change"."""
    configuration: dict[str, Any] = {"description": alarm.settings.get("AlarmDescription") or ""}
    if alarm.is_composite:
        configuration["alarmRule"] = alarm.settings["AlarmRule"]
    else:
        configuration["metrics"] = [_event_metric(each) for each in alarm.queries]
    return {
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": account_id,
        "region": region,
        "resources": [alarm.arn],
        "detail": {
            "alarmName": alarm.name,
            "configuration": configuration,
            "previousState": former,
            "state": state_of(alarm),
        },
    }


def state_of(alarm: Alarm) -> dict[str, Any]:
    """An alarm's state as events have it."""
    state = {"reason": alarm.reason, "timestamp": stamp(alarm.updated), "value": alarm.state}
    return state | ({"reasonData": alarm.reason_data} if alarm.reason_data else {})


def _event_metric(query: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    if "Expression" in query:
        return shown | {"expression": query["Expression"], "label": query.get("Label") or query["Id"]}
    stat = query["MetricStat"]
    metric = stat["Metric"]
    dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions") or []}
    return shown | {
        "metricStat": {
            "metric": {"dimensions": dimensions, "name": metric["MetricName"], "namespace": metric["Namespace"]},
            "period": stat["Period"],
            "stat": stat["Stat"],
        }
    }


@lru_cache
def region_name(region: str) -> str:
    """`US East (N. Virginia)` for us-east-1, as botocore's own list of Regions has it."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - a large file, read by the first notification

    for partition in create_loader().load_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"])
    return region
