"""The detection of the operations stack: off unless a stack is named, an alarm for each symptom, narrow grants."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
SCHEDULE = "AWS::Scheduler::Schedule"
ALARM = "AWS::CloudWatch::Alarm"
EXPERIMENT = "AWS::FIS::ExperimentTemplate"
DETECTION_TYPES = {
    "AWS::Lambda::Function", ALARM, "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard", "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription", "AWS::SQS::Queue", "AWS::Events::Rule", "AWS::KMS::Key",
    SCHEDULE, EXPERIMENT,
}  # fmt: skip


@pytest.fixture(scope="module")
def template(render: ModuleType) -> dict[str, Any]:
    made: dict[str, Any] = render.load_template(ROOT / "cloudformation" / "operations.yaml")
    return made


@pytest.fixture(scope="module")
def checks() -> set[str]:
    """The names of the reporter's checks."""
    source = (ROOT / "lambda" / "health" / "handler.py").read_text(encoding="utf-8")
    return set(re.findall(r'Check\("(\w+)"', source))


def of(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {key: body for key, body in template["Resources"].items() if body["Type"] == kind}


def is_off_without_a_stack(template: dict[str, Any], condition: str) -> bool:
    """Whether the condition is, or demands, HasStack."""
    if condition == "HasStack":
        return True
    definition = template["Conditions"][condition]
    if "Fn::Or" in definition:
        return all(is_off_without_a_stack(template, part["Condition"]) for part in definition["Fn::Or"])
    parts = [part["Condition"] for part in definition.get("Fn::And", []) if "Condition" in part]
    return any(is_off_without_a_stack(template, part) for part in parts)


def test_detection_is_off_unless_a_stack_is_named(template: dict[str, Any]) -> None:
    found = [(key, body) for key, body in template["Resources"].items() if body["Type"] in DETECTION_TYPES]
    assert {body["Type"] for _, body in found} == DETECTION_TYPES
    for key, body in found:
        assert is_off_without_a_stack(template, body["Condition"]), key
    assert template["Parameters"]["StackName"]["Default"] == ""


def test_a_stack_to_watch_needs_an_address(template: dict[str, Any]) -> None:
    (assertion,) = template["Rules"]["WatchingNeedsAddress"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]}
    for rule in template["Rules"].values():
        for each in rule["Assertions"]:
            assert each["AssertDescription"].endswith(".")


def test_every_check_has_a_symptom_alarm(template: dict[str, Any], checks: set[str]) -> None:
    watched = {body["Properties"]["MetricName"] for body in of(template, ALARM).values()}
    assert {f"{check}Severity" for check in checks} <= watched


def test_every_alarm_names_a_runbook_that_exists_and_tells_the_topic(template: dict[str, Any]) -> None:
    runbooks = {path.stem for path in (ROOT / "ssm_documents" / "automation").glob("*.yaml")}
    topic = [{"Ref": "Topic"}]
    for key, body in {**of(template, ALARM), **of(template, "AWS::CloudWatch::CompositeAlarm")}.items():
        properties = body["Properties"]
        named = set(re.findall(r"FlaskOps-[A-Za-z]+", properties["AlarmDescription"])) - {"FlaskOps-Health"}
        assert named, key
        assert named <= runbooks, key
        assert properties["AlarmActions"] == properties["OKActions"] == topic, key
        assert properties["AlarmName"]["Fn::Sub"].startswith("FlaskOps-${StackName}-"), key


def test_metrics_that_are_watched_are_written(template: dict[str, Any], checks: set[str]) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "lambda" / "health").glob("*.py"))
    for key, body in of(template, ALARM).items():
        properties = body["Properties"]
        name = properties["MetricName"]
        assert name.removesuffix("Severity") in checks or f'"{name}"' in sources, key
        assert properties["Namespace"] == "FlaskOps/Health"
        assert properties["Dimensions"] == [{"Name": "StackName", "Value": {"Ref": "StackName"}}]


def test_the_dashboard_is_json_that_shows_what_is_written(template: dict[str, Any], checks: set[str]) -> None:
    body, _ = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    filled = body.replace("${AlarmArns}", '"arn"').replace("${SlowMilliseconds}", "2000")
    widgets = [widget["properties"] for widget in json.loads(filled)["widgets"]]
    shown = {metric[1] for widget in widgets for metric in widget.get("metrics", ())}
    assert {f"{check}Severity" for check in checks} <= shown
    # The log has Lambda's own lines too (START, END, REPORT), which have no Status to compare.
    (query,) = [widget["query"] for widget in widgets if "query" in widget]
    assert "filter ispresent(Status) and Status != 'ok'" in query


def test_silence_of_the_reporter_is_a_symptom_of_its_own(template: dict[str, Any]) -> None:
    treated = {key: body["Properties"]["TreatMissingData"] for key, body in of(template, ALARM).items()}
    assert treated.pop("ReporterAlarm") == "breaching"
    assert set(treated.values()) == {"ignore"}


def test_the_reporter_is_bounded_and_keeps_what_failed(template: dict[str, Any]) -> None:
    (function,) = of(template, "AWS::Lambda::Function").values()
    properties = function["Properties"]
    assert (properties["Runtime"], properties["Architectures"]) == ("python3.13", ["arm64"])
    assert 10 <= properties["Timeout"] < 60
    assert properties["ReservedConcurrentExecutions"]["Fn::If"][1] == 2  # the schedule's, and a person's
    assert properties["DeadLetterConfig"] == {"TargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
    (group,) = [body for key, body in of(template, "AWS::Logs::LogGroup").items() if key == "HealthLogGroup"]
    assert group["Properties"]["LogGroupName"] == f"/aws/lambda/{properties['FunctionName']}"
    assert group["Properties"]["RetentionInDays"] > 0
    assert "KmsKeyId" in group["Properties"]


def test_the_topic_is_encrypted_with_a_key_that_its_publishers_may_use(template: dict[str, Any]) -> None:
    assert template["Resources"]["Topic"]["Properties"]["KmsMasterKeyId"] == {"Ref": "DetectionKey"}
    key = template["Resources"]["DetectionKey"]["Properties"]
    assert key["EnableKeyRotation"] is True
    allowed = {json.dumps(statement["Principal"]): statement["Action"] for statement in key["KeyPolicy"]["Statement"]}
    policy = template["Resources"]["TopicPolicy"]["Properties"]["PolicyDocument"]
    for statement in policy["Statement"]:
        assert statement["Action"] == "sns:Publish"
        assert allowed[json.dumps(statement["Principal"])] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert {statement["Principal"]["Service"] for statement in policy["Statement"]} == {
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
    }


def test_schedules_start_runbooks_that_their_role_may_start(template: dict[str, Any]) -> None:
    policy = template["Resources"]["ScheduledRunbookPolicy"]["Properties"]["PolicyDocument"]
    granted = policy["Statement"][0]["Resource"]
    may = {text["Fn::Sub"].rpartition("document/")[2] for text in granted if "document/" in text["Fn::Sub"]}
    started = {}
    for key, body in of(template, SCHEDULE).items():
        target = body["Properties"]["Target"]
        assert "DeadLetterConfig" in target, key
        if "Input" in target:
            request = json.loads(target["Input"]["Fn::Sub"])
            assert request["Parameters"]["StackName"] == ["${StackName}"]
            started[key] = request["DocumentName"]
    assert set(started.values()) == may
    assert json.loads(template["Resources"]["WeeklyRestoreDrill"]["Properties"]["Target"]["Input"]["Fn::Sub"])[
        "Parameters"
    ]["Mode"] == ["drill"]


def test_every_drill_is_an_experiment_that_is_off_and_stops_with_the_service_alarm(template: dict[str, Any]) -> None:
    rule = template["Resources"]["ServiceDownAlarm"]["Properties"]["AlarmRule"]["Fn::If"][1]["Fn::Sub"]
    parts = set(re.findall(r"ALARM\(\"\$\{(\w+)\}\"\)", rule))
    experiments = of(template, EXPERIMENT)
    for key, body in experiments.items():
        stops = [stop["Fn::If"][1] if "Fn::If" in stop else stop for stop in body["Properties"]["StopConditions"]]
        assert {stop["Value"]["Fn::GetAtt"][0] for stop in stops} == parts, key
        switch = template["Conditions"][body["Condition"]]["Fn::And"][1]["Fn::Equals"][0]["Ref"]
        assert template["Parameters"][switch]["Default"] == "false"
    called = {
        body["Properties"]["Actions"]["Drill"]["Parameters"]["documentArn"]["Fn::Sub"].rpartition("/")[2]
        for body in experiments.values()
    }
    assert called == set(template["Metadata"]["Library"]["Roles"]["SimulateRole"])


def test_failed_automations_of_the_library_are_told(template: dict[str, Any]) -> None:
    (rule,) = of(template, "AWS::Events::Rule").values()
    pattern = rule["Properties"]["EventPattern"]
    assert pattern["source"] == ["aws.ssm"]
    assert pattern["detail"]["Status"] == ["Failed", "TimedOut", "Canceled"]  # as events spell it
    assert [target["Arn"] for target in rule["Properties"]["Targets"]] == [{"Ref": "Topic"}]


def test_the_reporter_may_change_nothing(template: dict[str, Any]) -> None:
    for statement in template["Resources"]["HealthPolicy"]["Properties"]["PolicyDocument"]["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        reading = [action for action in actions if re.search(r":(Describe|List)", action)]
        if statement["Resource"] == "*":
            assert reading == actions
            assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": {"Ref": "AWS::Region"}}}
        assert set(actions) - set(reading) <= {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"}


def test_the_page_of_costs_counts_what_there_is(template: dict[str, Any], checks: set[str]) -> None:
    page = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    watched = {body["Properties"]["MetricName"] for body in of(template, ALARM).values()}
    metrics = watched | {f"{check}Severity" for check in checks} | {"BackupAge"}
    assert f"| metrics: {len(metrics)} |" in page
    periods = [body["Properties"]["Period"] for body in of(template, ALARM).values()]
    assert f"| metric alarms that look each minute: {periods.count(60)} |" in page
    assert f"| metric alarms that look each half minute: {periods.count(30)} |" in page
    assert f"| composite alarms: {len(of(template, 'AWS::CloudWatch::CompositeAlarm'))} |" in page
    assert f"| dashboards: {len(of(template, 'AWS::CloudWatch::Dashboard'))} |" in page


def test_what_is_told_promptly_is_kept_by_the_second(template: dict[str, Any]) -> None:
    """CloudWatch has no data for periods below a minute of a metric that is kept by the minute."""
    source = (ROOT / "lambda" / "health" / "metrics.py").read_text()
    prompt = [
        body["Properties"]["MetricName"] for body in of(template, ALARM).values() if body["Properties"]["Period"] < 60
    ]
    assert sorted(prompt) == ["CertificateSeverity", "HttpsSeverity", "ReadinessSeverity"]
    assert all(f'"{name}"' in source.partition("PROMPT = ")[2].splitlines()[0] for name in prompt)
