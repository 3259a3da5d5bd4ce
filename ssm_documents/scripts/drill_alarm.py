"""Tells whether the alarm that should notice a drill did so.

InputPayload: AlarmName, Output (of the step that broke it; its result says when), Required ("true" | "false").
Returns Detected, Detection (a sentence). Raises an error when an alarm is required and none was raised.
"""

import json
from datetime import datetime

import boto3
from botocore.exceptions import ClientError


def broken_at(output):
    results = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return datetime.fromisoformat(results[-1]["broken_at"])


def raised_at(client, name, since):
    pages = client.get_paginator("describe_alarm_history").paginate(
        AlarmName=name, HistoryItemType="StateUpdate", StartDate=since
    )
    items = [item for page in pages for item in page["AlarmHistoryItems"]]
    states = [(item["Timestamp"], json.loads(item["HistoryData"])["newState"]["stateValue"]) for item in items]
    return min((moment for moment, state in states if state == "ALARM" and moment >= since), default=None)


def look(events):
    name, since = events["AlarmName"], broken_at(events["Output"])
    client = boto3.client("cloudwatch")
    try:
        found = client.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        raised = raised_at(client, name, since) if found else None
    except ClientError as error:
        return False, f"the alarm {name} cannot be asked: {error.response['Error']['Message']}"
    if not found:
        return False, f"there is no alarm {name}: deploy the operations stack with StackName to have it"
    if raised is None:
        return False, f"the alarm {name} was not raised within the duration; it is {found[0]['StateValue']}"
    return True, f"the alarm {name} was raised {int((raised - since).total_seconds())} seconds after the fault"


def read(events, _context):
    detected, sentence = look(events)
    if events["Required"] == "true" and not detected:
        raise RuntimeError(f"The drill was not detected: {sentence}.")
    return {"Detected": detected, "Detection": sentence}
