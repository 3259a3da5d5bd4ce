"""Writes a post-mortem: the facts of an execution or of a time window, under the headings of the template.

InputPayload: Template (Markdown with <placeholders>), StackName, ExecutionId, Start, End (ISO 8601; either an execution
or both times), Bucket, Prefix, OwnExecutionId. Returns Key and Text. What only people know is left as a question.
"""

import datetime as dt
import re
from itertools import islice

import boto3

MARGIN = dt.timedelta(minutes=5)
TEXT_LIMIT = 20_000
# The newest of the stack's; they are picked out of what the whole account has, of which no more is looked at either.
ALARM_LIMIT, ALARM_LOOK_LIMIT = 500, 10_000  # changes of alarms
EXECUTION_LIMIT, EXECUTION_LOOK_LIMIT = 20, 200  # executions in a window


def clock(moment):
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def executions(ssm, events):
    """Give the executions concerned, with their steps, and the window that they and the alarms are looked for in.

    The last value is whether there were more in the window than the newest ones, which alone are given.
    """
    stack = events["StackName"]
    if events["ExecutionId"]:
        found = [ssm.get_automation_execution(AutomationExecutionId=events["ExecutionId"])["AutomationExecution"]]
        its = stack_of(found[0])
        if its != stack:
            about = f"the stack {its}" if its else "no stack"
            raise RuntimeError(f"Execution {events['ExecutionId']} is about {about}, not about {stack}: give another.")
        start = found[0]["ExecutionStartTime"]
        end = found[0].get("ExecutionEndTime") or dt.datetime.now(dt.UTC)
        return found, start, end, False
    if not (events["Start"] and events["End"]):
        raise RuntimeError("Give ExecutionId, or both Start and End such as 2026-11-23T09:30:00Z.")
    start, end = (dt.datetime.fromisoformat(events[name]) for name in ("Start", "End"))
    if end <= start:
        raise RuntimeError("End has to be later than Start.")
    filters = [
        {"Key": "StartTimeAfter", "Values": [start.strftime("%Y-%m-%dT%H:%M:%SZ")]},
        {"Key": "StartTimeBefore", "Values": [end.strftime("%Y-%m-%dT%H:%M:%SZ")]},
        {"Key": "DocumentNamePrefix", "Values": ["FlaskOps-"]},
    ]
    pages = ssm.get_paginator("describe_automation_executions").paginate(Filters=filters)
    rows = (row["AutomationExecutionId"] for page in pages for row in page["AutomationExecutionMetadataList"])
    identifiers = list(islice((row for row in rows if row != events["OwnExecutionId"]), EXECUTION_LOOK_LIMIT + 1))
    # Only the execution itself tells its parameters: what lists executions has no such field, and no filter by it.
    everybodys = (
        ssm.get_automation_execution(AutomationExecutionId=identifier)["AutomationExecution"]
        for identifier in identifiers[:EXECUTION_LOOK_LIMIT]
    )
    found = list(islice((each for each in everybodys if stack_of(each) == stack), EXECUTION_LIMIT + 1))
    is_cut = len(found) > EXECUTION_LIMIT or len(identifiers) > EXECUTION_LOOK_LIMIT
    return found[:EXECUTION_LIMIT], start, end, is_cut


def stack_of(execution):
    """The stack that the execution is about, empty when it takes none."""
    return "".join(execution.get("Parameters", {}).get("StackName", []))


def of_executions(found):
    for execution in found:
        name = execution["DocumentName"]
        yield execution["ExecutionStartTime"], name, "started"
        for step in execution["StepExecutions"]:
            if "ExecutionEndTime" in step:
                detail = step.get("FailureMessage", "").splitlines()
                text = f"step {step['StepName']}: {step['StepStatus']}" + (f" ({detail[0][:160]})" if detail else "")
                yield step["ExecutionEndTime"], name, text
        if "ExecutionEndTime" in execution:
            yield execution["ExecutionEndTime"], name, f"ended as {execution['AutomationExecutionStatus']}"


def of_alarms(stack, start, end):
    """Give the changes of the stack's alarms, the newest, and whether there were more."""
    pages = boto3.client("cloudwatch").get_paginator("describe_alarm_history").paginate(
        HistoryItemType="StateUpdate", StartDate=start - MARGIN, EndDate=end + MARGIN, ScanBy="TimestampDescending",
        AlarmTypes=["MetricAlarm", "CompositeAlarm"], PaginationConfig={"PageSize": 100},
    )  # fmt: skip
    rows = (
        (item["Timestamp"], item["AlarmName"], item["HistorySummary"])
        for page in pages
        for item in page["AlarmHistoryItems"]
    )
    everybodys = list(islice(rows, ALARM_LOOK_LIMIT + 1))
    # The last part is one word, so that those of the stack shop-eu are none of the stack shop.
    own = re.compile(rf"FlaskOps-{re.escape(stack)}-[^-]+")
    found = [(moment, f"alarm {name}", what) for moment, name, what in everybodys if own.fullmatch(name)]
    return found[:ALARM_LIMIT], len(found) > ALARM_LIMIT or len(everybodys) > ALARM_LOOK_LIMIT


def impact(found, timeline, start, end):
    lines = [f"- from {clock(start)} to {clock(end)}: {int((end - start).total_seconds())} seconds"]
    alarms = [(moment, what) for moment, who, what in timeline if who.startswith("alarm ") and moment >= start]
    raised = [moment for moment, what in alarms if "to ALARM" in what]
    calmed = [moment for moment, what in alarms if "to OK" in what]
    if raised:
        lines.append(f"- first alarm {int((raised[0] - start).total_seconds())} seconds after the start")
    if raised and calmed:
        lines.append(f"- last alarm calmed {int((calmed[-1] - start).total_seconds())} seconds after the start")
    if not raised:
        lines.append("- no alarm was raised")
    for execution in found:
        for step in execution["StepExecutions"]:
            lines += [f"- {text}" for text in step.get("Outputs", {}).get("Detection", [])]
            for text in step.get("Outputs", {}).get("Output", []):
                seen = re.findall(r'"effect":"([a-z-]+)","seconds":"(\d+)"', text)
                lines += [f"- {step['StepName']}: {effect} after {seconds} seconds" for effect, seconds in seen]
    return "\n".join(lines)


def write(events, _context):
    found, start, end, is_cut = executions(boto3.client("ssm"), events)
    alarms, is_alarms_cut = of_alarms(events["StackName"], start, end)
    timeline = sorted([*of_executions(found), *alarms])
    rows = [f"| {clock(moment)} | {who} | {what} |" for moment, who, what in timeline]
    if is_alarms_cut:
        rows += ["", "There were more changes of alarms than the newest ones above: choose a smaller window."]
    values = {
        "stack": events["StackName"],
        "date": clock(start)[:10],
        "runbooks": ", ".join(sorted({execution["DocumentName"] for execution in found})) or "none",
        "executions": (", ".join(execution["AutomationExecutionId"] for execution in found) or "none")
        + (" (the newest of more: choose a smaller window)" if is_cut else ""),
        "timeline": "\n".join(["| time | who | what |", "|---|---|---|", *rows]),
        "impact": impact(found, timeline, start, end),
    }
    text = events["Template"]
    for name, value in values.items():
        text = text.replace(f"<{name}>", value)
    key = f"{events['Prefix']}/{events['OwnExecutionId']}.md"
    boto3.client("s3").put_object(Bucket=events["Bucket"], Key=key, Body=text.encode(), ContentType="text/markdown")
    return {"Key": key, "Text": text[:TEXT_LIMIT]}
