"""Run Command: what is sent to whom, what the API shows of it, and each of its documented errors."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SHELL = "AWS-RunShellScript"
UNKNOWN = "i-0123456789abcdef0"
NO_COMMAND = "00000000-0000-0000-0000-000000000000"


def send(ssm: Any, document: str = SHELL, **request: Any) -> str:
    if document == SHELL:
        request.setdefault("Parameters", {"commands": ["id"]})
    return str(ssm.send_command(DocumentName=document, **request)["Command"]["CommandId"])


def status_of(ssm: Any, command_id: str) -> tuple[str, str]:
    command = ssm.list_commands(CommandId=command_id)["Commands"][0]
    return command["Status"], command["StatusDetails"]


def test_a_command_runs_from_pending_to_success(ssm: Any, new_host: Callable[..., Any]) -> None:
    host = new_host(Name="one")
    sent = ssm.send_command(
        DocumentName=SHELL, InstanceIds=[host.instance_id], Parameters={"commands": ["id"]}, Comment="why"
    )
    command = sent["Command"]
    assert (command["Status"], command["TargetCount"], command["Comment"]) == ("Pending", 1, "why")
    where = {"CommandId": command["CommandId"], "InstanceId": host.instance_id}
    before = ssm.get_command_invocation(**where)
    assert (before["Status"], before["ResponseCode"], before["StandardOutputContent"]) == ("Pending", -1, "")

    message = host.messages()[0]
    host.acknowledge(message)
    assert ssm.get_command_invocation(**where)["Status"] == "InProgress"
    assert status_of(ssm, command["CommandId"]) == ("InProgress", "InProgress")
    step = {"status": "Success", "code": 0, "standardOutput": "out", "standardError": "err", "output": "both"}
    times = {"startDateTime": "2026-11-23T06:00:00.000Z", "endDateTime": "2026-11-23T06:01:01.250Z"}
    host.reply(message, "Success", {"aws:runShellScript": step | times})

    after = ssm.get_command_invocation(**where)
    assert after["PluginName"] == "aws:runShellScript"
    assert (after["Status"], after["StatusDetails"], after["ResponseCode"]) == ("Success", "Success", 0)
    assert (after["StandardOutputContent"], after["StandardErrorContent"]) == ("out", "err")
    assert after["ExecutionElapsedTime"] == "PT1M1.25S"
    assert status_of(ssm, command["CommandId"]) == ("Success", "Success")
    listed = ssm.list_command_invocations(CommandId=command["CommandId"], Details=True)["CommandInvocations"][0]
    assert listed["InstanceName"] == "one"
    assert listed["CommandPlugins"][0]["Output"] == "both"


def test_outputs_are_cut_to_the_documented_lengths(ssm: Any, new_host: Callable[..., Any]) -> None:
    host = new_host()
    command_id = send(ssm, InstanceIds=[host.instance_id])
    host.run(stdout="o" * 24_000, stderr="e" * 24_000)
    shown = ssm.get_command_invocation(CommandId=command_id, InstanceId=host.instance_id)
    assert len(shown["StandardOutputContent"]) == 24_000
    assert len(shown["StandardErrorContent"]) == 8_000
    details = ssm.list_command_invocations(CommandId=command_id, Details=True)["CommandInvocations"][0]
    assert len(details["CommandPlugins"][0]["Output"]) == 2_500


def test_parameters_reach_the_host_with_their_declared_types(
    ssm: Any, new_host: Callable[..., Any], name: str, document: Callable[..., str]
) -> None:
    types = {"Text": "String", "Words": "StringList", "Count": "Integer", "Sure": "Boolean", "Map": "StringMap"}
    declared: dict[str, Any] = {key: {"type": kind} for key, kind in types.items()}
    declared |= {"Maps": {"type": "MapList"}, "Unused": {"type": "String", "default": "d"}}
    ssm.create_document(Name=name, Content=document(parameters=declared))
    host = new_host()
    given = {
        "Text": ["a b"],
        "Words": ["a", "b"],
        "Count": ["42"],
        "Sure": ["true"],
        "Map": ['{"k": "v"}'],
        "Maps": ['{"k": "1"}', '{"k": "2"}'],
    }
    send(ssm, name, InstanceIds=[host.instance_id], Parameters=given)
    assert host.run()["Parameters"] == {
        "Text": "a b",
        "Words": ["a", "b"],
        "Count": 42,
        "Sure": True,
        "Map": {"k": "v"},
        "Maps": [{"k": "1"}, {"k": "2"}],
    }


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ({}, {"Word": ["x"]}),
        ({"Word": {"type": "String"}}, {}),
        ({"Word": {"type": "String"}}, {"Word": ["a", "b"]}),
        ({"Word": {"type": "String", "allowedValues": ["yes"]}}, {"Word": ["secret-no"]}),
        ({"Word": {"type": "String", "allowedPattern": "^[a-z]+$"}}, {"Word": ["secret-1"]}),
        ({"Word": {"type": "String", "maxChars": 3}}, {"Word": ["secret-long"]}),
        ({"Word": {"type": "String", "minChars": 20}}, {"Word": ["secret-short"]}),
        ({"Word": {"type": "Integer"}}, {"Word": ["secret-text"]}),
        ({"Word": {"type": "Boolean"}}, {"Word": ["secret-maybe"]}),
        ({"Word": {"type": "StringMap"}}, {"Word": ["secret-no-json"]}),
        ({"Word": {"type": "StringList", "minItems": 2}}, {"Word": ["secret-one"]}),
        ({"Word": {"type": "StringList", "maxItems": 1}}, {"Word": ["secret-one", "secret-two"]}),
        ({"Word": {"type": "String", "allowedPattern": "^(a+)+$"}}, {"Word": ["a" * 4000 + "!"]}),
    ],
)
def test_parameters_outside_their_constraints_are_refused_without_showing_them(
    declared: dict[str, Any],
    given: dict[str, list[str]],
    ssm: Any,
    new_host: Callable[..., Any],
    name: str,
    document: Callable[..., str],
    refused: Callable[..., str],
) -> None:
    ssm.create_document(Name=name, Content=document(parameters=declared))
    host = new_host()
    request = {"DocumentName": name, "InstanceIds": [host.instance_id], "Parameters": given}
    message = refused(ssm.send_command, "InvalidParameters", **request)
    assert "Word" in message
    assert "secret" not in message


def test_targets_are_anded_and_their_values_ored(ssm: Any, new_host: Callable[..., Any], name: str) -> None:
    first, second = new_host(Stack=name, Role="web"), new_host(Stack=name, Role="db")
    new_host(Stack="other", Role="web")
    stack = {"Key": "tag:Stack", "Values": [name]}

    def hit(*targets: dict[str, Any]) -> set[str]:
        command_id = send(ssm, Targets=list(targets))
        ssm.cancel_command(CommandId=command_id)
        found = ssm.list_command_invocations(CommandId=command_id)["CommandInvocations"]
        return {invocation["InstanceId"] for invocation in found}

    assert hit(stack) == {first.instance_id, second.instance_id}
    assert hit(stack, {"Key": "tag:Role", "Values": ["web", "cache"]}) == {first.instance_id}
    assert hit({"Key": "InstanceIds", "Values": [second.instance_id]}) == {second.instance_id}
    assert hit(stack, {"Key": "tag-key", "Values": ["Role"]}) == {first.instance_id, second.instance_id}


def test_a_tag_that_nobody_has_ends_at_once(ssm: Any) -> None:
    command_id = send(ssm, Targets=[{"Key": "tag:Nobody", "Values": ["x"]}])
    assert status_of(ssm, command_id) == ("Success", "NoInstancesInTag")


def test_max_concurrency_holds_the_rest_back(ssm: Any, new_host: Callable[..., Any], name: str) -> None:
    hosts = [new_host(Stack=name) for _ in range(3)]
    send(ssm, Targets=[{"Key": "tag:Stack", "Values": [name]}], MaxConcurrency="1", MaxErrors="100%")
    for position, host in enumerate(hosts):
        waiting = [len(other.messages(visibility=0)) for other in hosts[position:]]
        assert waiting == [1] + [0] * (len(waiting) - 1)
        host.run()


def test_max_errors_ends_the_rest_unsent(ssm: Any, new_host: Callable[..., Any], name: str) -> None:
    hosts = [new_host(Stack=name) for _ in range(3)]
    command_id = send(ssm, Targets=[{"Key": "tag:Stack", "Values": [name]}], MaxConcurrency="1", MaxErrors="1")
    hosts[0].run("Failed", 1)
    hosts[1].run("Failed", 1)
    found = ssm.list_command_invocations(CommandId=command_id)["CommandInvocations"]
    assert [i["StatusDetails"] for i in found] == ["Failed", "Failed", "Terminated"]
    assert status_of(ssm, command_id) == ("Failed", "Failed")
    assert ssm.list_commands(CommandId=command_id)["Commands"][0]["ErrorCount"] == 2


def test_fewer_failures_than_max_errors_make_it_incomplete(ssm: Any, new_host: Callable[..., Any], name: str) -> None:
    hosts = [new_host(Stack=name) for _ in range(2)]
    command_id = send(ssm, Targets=[{"Key": "tag:Stack", "Values": [name]}], MaxErrors="1")
    hosts[0].run("Failed", 3)
    hosts[1].run()
    assert status_of(ssm, command_id)[1] == "Incomplete"
    failed = ssm.get_command_invocation(CommandId=command_id, InstanceId=hosts[0].instance_id)
    assert (failed["Status"], failed["ResponseCode"]) == ("Failed", 3)


def test_an_execution_timeout_counts_as_an_error(ssm: Any, new_host: Callable[..., Any]) -> None:
    host = new_host()
    command_id = send(ssm, InstanceIds=[host.instance_id])
    host.run("TimedOut", 137)
    assert status_of(ssm, command_id) == ("TimedOut", "ExecutionTimedOut")


def test_what_no_host_takes_up_times_out_without_counting_as_error(
    cloud: Any, ssm: Any, new_host: Callable[..., Any]
) -> None:
    host = new_host()
    command_id = send(ssm, InstanceIds=[host.instance_id], TimeoutSeconds=30)
    cloud.ssm().commands.command(command_id).requested -= dt.timedelta(seconds=31)
    cloud.ssm().sweep()
    assert status_of(ssm, command_id) == ("TimedOut", "DeliveryTimedOut")
    shown = ssm.list_commands(CommandId=command_id)["Commands"][0]
    assert (shown["ErrorCount"], shown["DeliveryTimedOutCount"]) == (0, 1)
    assert host.messages() == []


def test_a_host_that_never_answers_times_out_after_its_document(
    cloud: Any, ssm: Any, new_host: Callable[..., Any], name: str, document: Callable[..., str]
) -> None:
    ssm.create_document(Name=name, Content=document(timeout=100))
    host = new_host()
    command_id = send(ssm, name, InstanceIds=[host.instance_id], TimeoutSeconds=30)
    host.acknowledge(host.messages()[0])
    invocation = cloud.ssm().commands.command(command_id).invocations[host.instance_id]
    invocation.acknowledged -= dt.timedelta(seconds=129)
    cloud.ssm().sweep()
    assert status_of(ssm, command_id)[0] == "InProgress"
    invocation.acknowledged -= dt.timedelta(seconds=2)
    cloud.ssm().sweep()
    assert status_of(ssm, command_id) == ("TimedOut", "DeliveryTimedOut")


def test_cancelling_ends_what_waits_and_asks_what_runs(ssm: Any, new_host: Callable[..., Any], name: str) -> None:
    running, waiting = new_host(Stack=name), new_host(Stack=name)
    command_id = send(ssm, Targets=[{"Key": "tag:Stack", "Values": [name]}])
    message = running.messages()[0]
    running.acknowledge(message)
    ssm.cancel_command(CommandId=command_id)
    assert waiting.messages() == []
    assert status_of(ssm, command_id) == ("Cancelling", "Cancelling")
    cancel = running.messages()[0]
    assert cancel["Topic"].startswith("aws.ssm.cancelCommand.")
    assert json.loads(cancel["Payload"]) == {"CancelMessageId": message["MessageId"]}
    running.reply(message, "Cancelled", {})
    assert status_of(ssm, command_id) == ("Cancelled", "Cancelled")


def test_what_is_cancelled_while_a_host_has_it_in_hand_is_cancelled_there_too(
    ssm: Any, new_host: Callable[..., Any]
) -> None:
    host = new_host()
    command_id = send(ssm, InstanceIds=[host.instance_id])
    message = host.messages()[0]
    ssm.cancel_command(CommandId=command_id)
    assert status_of(ssm, command_id) == ("Cancelled", "Cancelled")
    host.acknowledge(message)
    cancel = host.messages()[0]
    assert cancel["Topic"].startswith("aws.ssm.cancelCommand.")
    assert json.loads(cancel["Payload"]) == {"CancelMessageId": message["MessageId"]}
    assert status_of(ssm, command_id) == ("Cancelled", "Cancelled")


def test_steps_are_collected_from_the_replies_in_between(
    ssm: Any,
    new_host: Callable[..., Any],
    name: str,
    document: Callable[..., str],
    step: Callable[..., dict[str, Any]],
    refused: Callable[..., str],
) -> None:
    ssm.create_document(Name=name, Content=document("first", "second", "third"))
    host = new_host()
    command_id = send(ssm, name, InstanceIds=[host.instance_id])
    message = host.messages()[0]
    host.acknowledge(message)
    host.reply(message, "InProgress", {"first": step("Success", 0, "one")})
    where = {"CommandId": command_id, "InstanceId": host.instance_id}
    assert ssm.get_command_invocation(**where, PluginName="first")["StandardOutputContent"] == "one"
    assert ssm.get_command_invocation(**where, PluginName="second")["Status"] == "InProgress"
    host.reply(message, "InProgress", {"second": step("Failed", 7, "", "broken")})
    host.reply(message, "InProgress", {"third": step("Skipped")})
    host.reply(message, "Failed", {})
    second = ssm.get_command_invocation(**where, PluginName="second")
    assert (second["Status"], second["ResponseCode"], second["StandardErrorContent"]) == ("Failed", 7, "broken")
    refused(ssm.get_command_invocation, "InvalidPluginName", **where)
    refused(ssm.get_command_invocation, "InvalidPluginName", **where, PluginName="fourth")


def test_the_addresses_of_the_output_are_where_the_agent_put_it(
    client: Callable[[str], Any], ssm: Any, new_host: Callable[..., Any], step: Callable[..., dict[str, Any]]
) -> None:
    client("s3").create_bucket(Bucket="outputs-of-commands")
    host = new_host()
    command_id = send(
        ssm,
        InstanceIds=[host.instance_id],
        OutputS3BucketName="outputs-of-commands",
        OutputS3KeyPrefix="runs",
        CloudWatchOutputConfig={"CloudWatchOutputEnabled": True, "CloudWatchLogGroupName": "group"},
    )
    message = host.messages()[0]
    host.acknowledge(message)
    payload = json.loads(message["Payload"])
    folder = f"runs/{command_id}/{host.instance_id}/awsrunShellScript"
    where = {
        "outputS3BucketName": "outputs-of-commands",
        "outputS3KeyPrefix": folder,
        "stepName": "0.awsrunShellScript",
    }
    host.reply(message, "Success", {"aws:runShellScript": step("Success") | where})
    assert (payload["OutputS3BucketName"], payload["OutputS3KeyPrefix"]) == ("outputs-of-commands", "runs")
    assert (payload["CloudWatchLogGroupName"], payload["CloudWatchOutputEnabled"]) == ("group", "true")
    shown = ssm.get_command_invocation(CommandId=command_id, InstanceId=host.instance_id)
    key = f"{folder}/0.awsrunShellScript/stdout"
    assert shown["StandardOutputUrl"] == f"https://s3.us-east-1.amazonaws.com/outputs-of-commands/{key}"


def test_filters_of_lists(ssm: Any, new_host: Callable[..., Any], refused: Callable[..., str]) -> None:
    host = new_host()
    command_id = send(ssm, InstanceIds=[host.instance_id])
    host.run("Failed", 1)

    def commands(key: str, value: str) -> set[str]:
        found = ssm.list_commands(InstanceId=host.instance_id, Filters=[{"key": key, "value": value}])
        return {command["CommandId"] for command in found["Commands"]}

    assert commands("Status", "Failed") == {command_id}
    assert commands("Status", "Success") == set()
    assert commands("ExecutionStage", "Complete") == {command_id}
    assert commands("DocumentName", SHELL) == {command_id}
    assert commands("InvokedAfter", "2020-01-01T00:00:00Z") == {command_id}
    assert commands("InvokedBefore", "2020-01-01T00:00:00Z") == set()
    one = {"CommandId": command_id}
    stage = [{"key": "ExecutionStage", "value": "Complete"}]
    refused(ssm.list_command_invocations, "InvalidFilterKey", **one, Filters=stage)
    refused(ssm.list_commands, "InvalidNextToken", NextToken="nonsense")
    refused(ssm.list_command_invocations, "InvalidNextToken", NextToken="nonsense")


def test_documented_errors_of_send_command(
    client: Callable[[str], Any],
    ssm: Any,
    new_host: Callable[..., Any],
    name: str,
    document: Callable[..., str],
    refused: Callable[..., str],
) -> None:
    host = new_host()
    to = {"InstanceIds": [host.instance_id]}
    shell: dict[str, Any] = {"DocumentName": SHELL, "Parameters": {"commands": ["id"]}}
    runbook = {
        "schemaVersion": "0.3",
        "mainSteps": [{"name": "a", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
    }
    ssm.create_document(Name=f"{name}-auto", Content=json.dumps(runbook), DocumentType="Automation")
    windows = json.loads(document())
    windows["mainSteps"][0]["action"] = "aws:psModule"
    powershell = json.dumps(windows).replace("aws:psModule", "aws:runPowerShellScript")
    ssm.create_document(Name=f"{name}-ps", Content=powershell)

    send_command = ssm.send_command
    refused(send_command, "InvalidInstanceId", **shell, InstanceIds=[UNKNOWN])
    refused(send_command, "InvalidInstanceId", **shell, InstanceIds=[new_host(agent=False).instance_id])
    refused(send_command, "DuplicateInstanceId", **shell, InstanceIds=[host.instance_id] * 2)
    refused(send_command, "InvalidDocument", DocumentName="Nobody-Wrote-This", **to)
    refused(send_command, "InvalidDocument", DocumentName=f"{name}-auto", **to)
    refused(send_command, "InvalidDocument", **shell, **to, DocumentHash="0" * 64, DocumentHashType="Sha256")
    refused(send_command, "InvalidDocumentVersion", **shell, **to, DocumentVersion="99")
    refused(send_command, "InvalidParameters", DocumentName=SHELL, **to)
    refused(send_command, "InvalidOutputFolder", **shell, **to, OutputS3BucketName="no-such-bucket-here")
    topic = {"NotificationArn": "arn:aws:sns:us-east-1:111122223333:none"}
    refused(send_command, "InvalidRole", **shell, **to, NotificationConfig=topic)
    role = {"ServiceRoleArn": "arn:aws:iam::111122223333:role/notify"}
    refused(send_command, "InvalidNotificationConfig", **shell, **to, **role, NotificationConfig=topic)
    refused(send_command, "ValidationException", **shell)
    refused(send_command, "ValidationException", **shell, **to, Targets=[{"Key": "tag:A", "Values": ["b"]}])
    refused(send_command, "ValidationException", **shell, InstanceIds=[f"i-{n:017x}" for n in range(51)])
    group = [{"Key": "resource-groups:Name", "Values": ["g"]}]
    refused(send_command, "ValidationException", **shell, Targets=group)
    host.report(PlatformType="Windows")
    refused(send_command, "UnsupportedPlatformType", **shell, **to)

    client("ec2").stop_instances(**to)
    assert "not in a valid state" in refused(send_command, "InvalidInstanceId", **shell, **to)


def test_documented_errors_of_the_other_operations(
    ssm: Any, new_host: Callable[..., Any], refused: Callable[..., str]
) -> None:
    host = new_host()
    command_id = send(ssm, InstanceIds=[host.instance_id])
    refused(ssm.get_command_invocation, "InvalidCommandId", CommandId=NO_COMMAND, InstanceId=UNKNOWN)
    refused(ssm.get_command_invocation, "InvocationDoesNotExist", CommandId=command_id, InstanceId=UNKNOWN)
    refused(ssm.list_commands, "InvalidCommandId", CommandId=NO_COMMAND)
    refused(ssm.list_command_invocations, "InvalidCommandId", CommandId=NO_COMMAND)
    refused(ssm.cancel_command, "InvalidCommandId", CommandId=NO_COMMAND)
    refused(ssm.cancel_command, "InvalidInstanceId", CommandId=command_id, InstanceIds=[UNKNOWN])
    twice = [host.instance_id] * 2
    refused(ssm.cancel_command, "DuplicateInstanceId", CommandId=command_id, InstanceIds=twice)
    host.run()


def test_the_waiter_of_unmodified_clients_ends(ssm: Any, new_host: Callable[..., Any]) -> None:
    host = new_host()
    command_id = send(ssm, InstanceIds=[host.instance_id])
    host.run()
    ssm.get_waiter("command_executed").wait(CommandId=command_id, InstanceId=host.instance_id)


def test_notifications_tell_each_status_once(
    client: Callable[[str], Any], ssm: Any, new_host: Callable[..., Any]
) -> None:
    topic = client("sns").create_topic(Name="commands")["TopicArn"]
    queue = client("sqs").create_queue(QueueName="commands")["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    lets_sns_in = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [lets_sns_in]})
    client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    host = new_host()
    command_id = send(
        ssm,
        InstanceIds=[host.instance_id],
        ServiceRoleArn="arn:aws:iam::111122223333:role/notify",
        NotificationConfig={"NotificationArn": topic, "NotificationEvents": ["InProgress", "Success"]},
    )
    host.run()
    told = []
    while found := client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in found:
            told.append(json.loads(json.loads(message["Body"])["Message"]))
            client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert sorted(entry["status"] for entry in told) == ["InProgress", "Success"]
    assert {entry["commandId"] for entry in told} == {command_id}
