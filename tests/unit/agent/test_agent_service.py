"""The agent as a service: the message protocol, from the agent's side."""

from __future__ import annotations

import json
from typing import Any

INSTANCE = "i-0123456789abcdef0"
COMMAND = "11111111-2222-3333-4444-555555555555"
SEND = "aws.ssm.sendCommand.eu-west-1"
CANCEL = "aws.ssm.cancelCommand.eu-west-1"


def payload(*scripts: str, command_id: str = COMMAND, **more: Any) -> dict[str, Any]:
    steps = [
        {"action": "aws:runShellScript", "name": f"step{number}", "inputs": {"runCommand": [script]}}
        for number, script in enumerate(scripts, start=1)
    ]
    content = {"schemaVersion": "2.2", "description": "", "mainSteps": steps}
    fixed = {"Parameters": {}, "CommandId": command_id, "DocumentName": "Doc", "CloudWatchOutputEnabled": "false"}
    return {**fixed, "DocumentContent": content, **more}


def is_deleted(endpoint: Any, message_id: str) -> bool:
    return any(call.body == {"MessageId": message_id} for call in endpoint.calls_of("DeleteMessage"))


def wait_until_deleted(endpoint: Any, message_id: str) -> list[dict[str, Any]]:
    endpoint.wait_for(lambda: is_deleted(endpoint, message_id), f"the end of {message_id}")
    return list(endpoint.replies(message_id))


def test_a_command_is_acknowledged_run_and_answered_for(endpoint: Any, start_agent: Any) -> None:
    start_agent()
    message_id = endpoint.send(SEND, COMMAND, payload("echo one", "echo two >&2; exit 3"))
    replies = wait_until_deleted(endpoint, message_id)

    assert [reply["documentStatus"] for reply in replies] == ["InProgress", "InProgress", "InProgress", "Failed"]
    assert [list(reply["runtimeStatus"]) for reply in replies] == [[], ["step1"], ["step2"], []]
    first, second = replies[1]["runtimeStatus"]["step1"], replies[2]["runtimeStatus"]["step2"]
    assert (first["status"], first["code"], first["standardOutput"]) == ("Success", 0, "one\n")
    assert (second["status"], second["code"]) == ("Failed", 3)
    assert second["standardError"] == "two\nfailed to run commands: exit status 3"
    assert second["name"] == "aws:runShellScript"
    assert replies[-1]["additionalInfo"]["runtimeStatusCounts"] == {"Success": 1, "Failed": 1}
    order = [call.target for call in endpoint.calls if call.target not in {"GetMessages", "UpdateInstanceInformation"}]
    assert order == ["AcknowledgeMessage", *["SendReply"] * 4, "DeleteMessage"]
    assert endpoint.calls[0].target == "UpdateInstanceInformation"


def test_the_last_reply_of_a_single_step_holds_its_result(endpoint: Any, start_agent: Any) -> None:
    start_agent()
    message_id = endpoint.send(SEND, COMMAND, payload("echo one"))
    last = wait_until_deleted(endpoint, message_id)[-1]
    assert last["documentStatus"] == "Success"
    assert last["runtimeStatus"]["step1"]["standardOutput"] == "one\n"


def test_the_agent_says_who_it_is(endpoint: Any, start_agent: Any) -> None:
    start_agent()
    endpoint.wait_for(lambda: endpoint.calls_of("UpdateInstanceInformation"), "the first report")
    body = endpoint.calls_of("UpdateInstanceInformation")[0].body
    assert body["InstanceId"] == INSTANCE
    assert (body["AgentName"], body["AgentStatus"], body["PlatformType"]) == ("amazon-ssm-agent", "Active", "Linux")
    assert body["IPAddress"] == "10.0.1.10"
    assert body["SSMConnectionChannel"] == "ec2messages"
    assert set(body) == {
        "InstanceId", "AgentName", "AgentVersion", "AgentStatus", "PlatformType", "PlatformName", "PlatformVersion",
        "IPAddress", "ComputerName", "SSMConnectionChannel",
    }  # fmt: skip


def test_calls_are_signed_with_the_role_of_the_host(endpoint: Any, start_agent: Any) -> None:
    start_agent()
    endpoint.wait_for(lambda: endpoint.calls_of("GetMessages"), "a poll")
    report, poll = endpoint.calls_of("UpdateInstanceInformation")[0], endpoint.calls_of("GetMessages")[0]
    assert "Credential=ASIAFAKE/" in report.headers["authorization"]
    assert "/eu-west-1/ssm/aws4_request" in report.headers["authorization"]
    assert "/eu-west-1/ec2messages/aws4_request" in poll.headers["authorization"]
    assert poll.headers["x-amz-security-token"] == "t0k3n"
    assert poll.body["Destination"] == INSTANCE
    assert poll.body["VisibilityTimeoutInSeconds"] == 10


def test_a_message_that_cannot_be_read_is_failed(endpoint: Any, start_agent: Any) -> None:
    start_agent()
    message_id = f"aws.ssm.{COMMAND}.{INSTANCE}"
    endpoint.push({"MessageId": message_id, "Topic": SEND, "Destination": INSTANCE, "Payload": "{"})
    call = endpoint.wait_for(lambda: endpoint.calls_of("FailMessage"), "FailMessage")[0]
    assert call.body == {"MessageId": message_id, "FailureType": "InternalHandlerException"}


def test_a_document_that_is_rejected_fails_with_the_reason(endpoint: Any, start_agent: Any) -> None:
    start_agent()
    content = payload("true")["DocumentContent"] | {"parameters": {"Name": {"type": "String", "allowedPattern": "^a$"}}}
    message_id = endpoint.send(SEND, COMMAND, payload(DocumentContent=content, Parameters={"Name": "b"}))
    last = wait_until_deleted(endpoint, message_id)[-1]
    assert last["documentStatus"] == "Failed"
    assert last["documentTraceOutput"] == "Parameter value for Name does not match the allowed pattern ^a$"
    assert last["runtimeStatus"] == {}


def test_a_command_that_comes_twice_runs_once(endpoint: Any, start_agent: Any, tmp_path: Any) -> None:
    start_agent()
    script = payload(f"echo run >> {tmp_path}/runs")
    message_id = endpoint.send(SEND, COMMAND, script)
    wait_until_deleted(endpoint, message_id)
    endpoint.send(SEND, COMMAND, script)
    endpoint.wait_for(lambda: len(endpoint.calls_of("DeleteMessage")) == 2, "the second to be deleted")
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_running_command_is_cancelled(endpoint: Any, start_agent: Any, tmp_path: Any) -> None:
    start_agent()
    message_id = endpoint.send(SEND, COMMAND, payload(f"echo $$ > {tmp_path}/pid; sleep 600", "echo never"))
    endpoint.wait_for(lambda: len(endpoint.replies(message_id)) == 1, "the command to be in progress")
    endpoint.send(CANCEL, "99999999-2222-3333-4444-555555555555", {"CancelMessageId": message_id})
    replies = wait_until_deleted(endpoint, message_id)
    assert replies[-1]["documentStatus"] == "Cancelled"
    assert replies[1]["runtimeStatus"]["step1"]["status"] == "Cancelled"
    assert replies[2]["runtimeStatus"]["step2"]["status"] == "Cancelled"
    assert "never" not in json.dumps(replies)
    wait_until_deleted(endpoint, f"aws.ssm.99999999-2222-3333-4444-555555555555.{INSTANCE}")
