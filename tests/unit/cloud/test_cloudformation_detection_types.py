"""The types that detection is made of: what an update changes in place, sets back, replaces, and tags."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from rehearsal.cloud import Cloud, CloudSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION, ACCOUNT = "us-east-1", "123456789012"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com", "scheduler.amazonaws.com", "fis.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
TAGS = {"Tags": [{"Key": "Team", "Value": "shop"}, {"Key": "Gone", "Value": "soon"}]}
FEWER_TAGS = {"Tags": [{"Key": "Team", "Value": "web"}]}
CODE = {"ZipFile": "def handler(event, context):\n    return 1\n"}
FUNCTION = {"Runtime": "python3.13", "Handler": "index.handler", "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": CODE}
ALARM = {
    "Namespace": "n",
    "MetricName": "m",
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


class Account:
    """An endpoint, and stacks in it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._session: Any = boto3.session.Session(
            aws_access_key_id="AKIAADMINISTRATOR000", aws_secret_access_key="unchecked", region_name=REGION
        )

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self.cloud.url)

    def deploy(self, stack: str, resources: dict[str, Any]) -> dict[str, str]:
        """Create or update a stack; the physical IDs of its resources, once it is complete."""
        cloudformation = self.client("cloudformation")
        there = {each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]}
        call = cloudformation.update_stack if stack in there else cloudformation.create_stack
        call(StackName=stack, TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_IAM"])
        deadline = time.monotonic() + 120
        while (status := self.status(stack)).endswith("IN_PROGRESS"):
            assert time.monotonic() < deadline, status
            time.sleep(0.05)
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        reasons = [e.get("ResourceStatusReason") for e in events if e["ResourceStatus"].endswith("FAILED")]
        assert status.endswith(("CREATE_COMPLETE", "UPDATE_COMPLETE")), reasons
        rows = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}

    def status(self, stack: str) -> str:
        return str(self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    cloud = Cloud(CloudSettings(account_id=ACCOUNT, region=REGION, listen=(("127.0.0.1", 0),), instant_hosts=True))
    cloud.start()
    yield Account(cloud)
    cloud.stop()


def resource(kind: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    properties = {key: value for part in parts for key, value in part.items()}
    return {"Type": f"AWS::{kind}", "Properties": properties, **more}


def test_a_function_takes_changes_and_is_set_back_where_a_property_is_gone(account: Account) -> None:
    settings = {"Timeout": 9, "MemorySize": 512, "Description": "one", "Architectures": ["arm64"]}
    before = {"Environment": {"Variables": {"A": "1"}}, "DeadLetterConfig": {"TargetArn": att("Queue", "Arn")}}
    queue = {"Queue": resource("SQS::Queue")}
    made = account.deploy(
        "f", {"Role": ROLE, **queue, "F": resource("Lambda::Function", FUNCTION, settings, before, TAGS)}
    )
    client = account.client("lambda")
    first = client.get_function(FunctionName=made["F"])["Configuration"]
    assert (first["Timeout"], first["MemorySize"], first["Architectures"]) == (9, 512, ["arm64"])
    other = {"Code": {"ZipFile": "def handler(event, context):\n    return 2\n"}, "Architectures": ["x86_64"]}
    again = account.deploy("f", {"Role": ROLE, **queue, "F": resource("Lambda::Function", FUNCTION, other, FEWER_TAGS)})
    assert again["F"] == made["F"], "changed in place"
    then = client.get_function(FunctionName=made["F"])
    second = then["Configuration"]
    assert (second["Timeout"], second["MemorySize"], second["Description"]) == (3, 128, "")
    assert second.get("Environment", {}).get("Variables", {}) == {}
    assert not second.get("DeadLetterConfig", {}).get("TargetArn")
    assert second["Architectures"] == ["x86_64"]
    assert second["CodeSha256"] != first["CodeSha256"]
    assert own(then["Tags"]) == {"Team": "web"}


def own(tags: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if not key.startswith("aws:")}


def pairs(tags: list[dict[str, str]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    return own({tag[key]: tag[value] for tag in tags})


def test_a_function_with_another_name_is_another_function(account: Account) -> None:
    made = account.deploy("g", {"Role": ROLE, "F": resource("Lambda::Function", FUNCTION, {"FunctionName": "one"})})
    again = account.deploy("g", {"Role": ROLE, "F": resource("Lambda::Function", FUNCTION, {"FunctionName": "two"})})
    assert (made["F"], again["F"]) == ("one", "two")
    names = {each["FunctionName"] for each in account.client("lambda").list_functions()["Functions"]}
    assert "one" not in names


def test_what_a_function_does_with_failed_events_is_set_changed_and_taken_back(account: Account) -> None:
    function = {"Role": ROLE, "F": resource("Lambda::Function", FUNCTION)}
    common = {"FunctionName": {"Ref": "F"}, "Qualifier": "$LATEST"}
    before = resource("Lambda::EventInvokeConfig", common, {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60})
    made = account.deploy("r", {**function, "Retries": before})
    client = account.client("lambda")
    first = client.get_function_event_invoke_config(FunctionName=made["F"])
    assert (first["MaximumRetryAttempts"], first["MaximumEventAgeInSeconds"]) == (0, 60)
    after = resource("Lambda::EventInvokeConfig", common, {"MaximumRetryAttempts": 1})
    account.deploy("r", {**function, "Retries": after})
    second = client.get_function_event_invoke_config(FunctionName=made["F"])
    assert (second["MaximumRetryAttempts"], second.get("MaximumEventAgeInSeconds")) == (1, None)
    account.deploy("r", function)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function_event_invoke_config(FunctionName=made["F"])


def test_alarms_are_changed_in_place_and_replaced_under_another_name(account: Account) -> None:
    rule = {"AlarmRule": {"Fn::Sub": 'ALARM("${A}")'}, "AlarmDescription": "one"}
    stack = {"A": resource("CloudWatch::Alarm", ALARM, TAGS), "C": resource("CloudWatch::CompositeAlarm", rule, TAGS)}
    made = account.deploy("a", stack)
    cloudwatch = account.client("cloudwatch")
    stack = {
        "A": resource("CloudWatch::Alarm", ALARM, {"Threshold": 5}, FEWER_TAGS),
        "C": resource("CloudWatch::CompositeAlarm", rule, {"AlarmDescription": "two"}, FEWER_TAGS),
    }
    assert account.deploy("a", stack) == made
    kinds = ["MetricAlarm", "CompositeAlarm"]
    found = cloudwatch.describe_alarms(AlarmNames=list(made.values()), AlarmTypes=kinds)
    assert [alarm["Threshold"] for alarm in found["MetricAlarms"]] == [5]
    assert [alarm["AlarmDescription"] for alarm in found["CompositeAlarms"]] == ["two"]
    for alarm in (*found["MetricAlarms"], *found["CompositeAlarms"]):
        assert pairs(cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]) == {"Team": "web"}
    stack["A"]["Properties"]["AlarmName"] = "named"
    assert account.deploy("a", stack)["A"] == "named"
    (composite,) = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert composite["AlarmRule"] == 'ALARM("named")'
    assert not cloudwatch.describe_alarms(AlarmNames=[made["A"]])["MetricAlarms"]


def test_a_composite_alarm_on_an_alarm_that_is_not_there_fails_the_stack(account: Account) -> None:
    with pytest.raises(AssertionError, match="nowhere"):
        account.deploy("b", {"C": resource("CloudWatch::CompositeAlarm", {"AlarmRule": 'ALARM("nowhere")'})})


def statement(principal: str) -> dict[str, Any]:
    allow = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sns:Publish", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [allow]}


def test_a_topic_policy_leaves_topics_that_are_no_longer_named(account: Account) -> None:
    topics = {name: resource("SNS::Topic", TAGS) for name in ("One", "Two")}
    both = {"Topics": [ref("One"), ref("Two")], "PolicyDocument": statement("events.amazonaws.com")}
    made = account.deploy("t", {**topics, "P": resource("SNS::TopicPolicy", both)})
    one = {"Topics": [ref("One")], "PolicyDocument": statement("cloudwatch.amazonaws.com")}
    topics = {name: resource("SNS::Topic", FEWER_TAGS) for name in ("One", "Two")}
    account.deploy("t", {**topics, "P": resource("SNS::TopicPolicy", one)})
    sns = account.client("sns")
    policies = {n: sns.get_topic_attributes(TopicArn=made[n])["Attributes"]["Policy"] for n in ("One", "Two")}
    assert "cloudwatch.amazonaws.com" in policies["One"]
    assert "events.amazonaws.com" not in policies["Two"]
    assert pairs(sns.list_tags_for_resource(ResourceArn=made["One"])["Tags"]) == {"Team": "web"}


def test_a_queue_is_set_back_where_an_attribute_is_gone(account: Account) -> None:
    made = account.deploy("q", {"Q": resource("SQS::Queue", {"VisibilityTimeout": 90, "DelaySeconds": 5}, TAGS)})
    account.deploy("q", {"Q": resource("SQS::Queue", {"DelaySeconds": 6}, FEWER_TAGS)})
    sqs = account.client("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=made["Q"], AttributeNames=["All"])["Attributes"]
    assert (attributes["VisibilityTimeout"], attributes["DelaySeconds"]) == ("30", "6")
    assert own(sqs.list_queue_tags(QueueUrl=made["Q"])["Tags"]) == {"Team": "web"}


def test_keys_logs_rules_and_experiments_are_tagged_anew(account: Account) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}],
    }
    experiment = {
        "Description": "d",
        "RoleArn": att("Role", "Arn"),
        "StopConditions": [{"Source": "none"}],
        "Targets": {},
        "Actions": {"Start": {"ActionId": "aws:ssm:start-automation-execution", "Parameters": {"maxDuration": "PT1M"}}},
    }

    def stack(tags: dict[str, Any]) -> dict[str, Any]:
        return {
            "Role": ROLE,
            "Key": resource("KMS::Key", {"KeyPolicy": policy}, tags),
            "Group": resource("Logs::LogGroup", {"RetentionInDays": 7}, tags),
            "Rule": resource("Events::Rule", {"ScheduleExpression": "rate(1 hour)", "State": "DISABLED"}, tags),
            "Experiment": resource("FIS::ExperimentTemplate", experiment, {"Tags": pairs(tags["Tags"])}),
        }

    made = account.deploy("k", stack(TAGS))
    assert account.deploy("k", stack(FEWER_TAGS)) == made
    wanted = {"Team": "web"}
    tags = account.client("kms").list_resource_tags(KeyId=made["Key"])["Tags"]
    assert pairs(tags, "TagKey", "TagValue") == wanted
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{made['Group']}"
    assert own(account.client("logs").list_tags_for_resource(resourceArn=group)["tags"]) == wanted
    rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{made['Rule']}"
    assert pairs(account.client("events").list_tags_for_resource(ResourceARN=rule)["Tags"]) == wanted
    described = account.client("fis").get_experiment_template(id=made["Experiment"])["experimentTemplate"]
    assert own(described["tags"]) == wanted


def test_a_schedule_is_changed_in_place_and_replaced_under_another_name(account: Account) -> None:
    def stack(name: str, **more: Any) -> dict[str, Any]:
        target = {"Arn": att("Topic", "TopicArn"), "RoleArn": att("Role", "Arn"), "Input": "{}"}
        schedule = {"Name": name, "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target, "State": "DISABLED"}
        return {"Role": ROLE, "Topic": resource("SNS::Topic"), "S": resource("Scheduler::Schedule", schedule, more)}

    account.deploy("s", stack("one", ScheduleExpression="rate(1 hour)", Description="hourly"))
    account.deploy("s", stack("one", ScheduleExpression="rate(2 hours)"))
    scheduler = account.client("scheduler")
    found = scheduler.get_schedule(Name="one")
    assert (found["ScheduleExpression"], found.get("Description", "")) == ("rate(2 hours)", "")
    account.deploy("s", stack("two", ScheduleExpression="rate(2 hours)"))
    assert {each["Name"] for each in scheduler.list_schedules()["Schedules"]} == {"two"}


@pytest.mark.parametrize(
    ("kind", "properties", "ignored"),
    [
        ("CloudWatch::CompositeAlarm", {"AlarmRule": "TRUE", "ActionConfiguration": {}}, "ActionConfiguration"),
        ("Lambda::Function", {**FUNCTION, "Role": "r", "CodeSigningConfigArn": "arn"}, "CodeSigningConfigArn"),
        ("SNS::Topic", {"ArchivePolicy": {}}, "ArchivePolicy"),
    ],
)
def test_a_property_that_nobody_would_honour_fails_the_stack(
    account: Account, kind: str, properties: dict[str, Any], ignored: str
) -> None:
    with pytest.raises(AssertionError, match=f"does not honour {ignored}"):
        account.deploy(f"i{ignored}", {"I": resource(kind, properties)})
