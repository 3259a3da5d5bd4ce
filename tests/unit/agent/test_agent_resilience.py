"""What happens to commands when the agent, its worker, the host or the service goes away meanwhile."""

from __future__ import annotations

import itertools
import json
import os
import select
import signal
import time
from pathlib import Path
from typing import Any

import pytest

COMMAND = "11111111-2222-3333-4444-555555555555"
SEND = "aws.ssm.sendCommand.eu-west-1"
CANCEL = "aws.ssm.cancelCommand.eu-west-1"


def payload(*scripts: str, command_id: str = COMMAND, **more: Any) -> dict[str, Any]:
    steps = [
        {"action": "aws:runShellScript", "name": f"step{number}", "inputs": {"runCommand": [script]}}
        for number, script in enumerate(scripts, start=1)
    ]
    content = {"schemaVersion": "2.2", "description": "", "mainSteps": steps}
    fixed = {"Parameters": {}, "CommandId": command_id, "DocumentName": "Doc", "DocumentContent": content}
    return {**fixed, **more}


def until_deleted(endpoint: Any, message_id: str) -> list[dict[str, Any]]:
    def deleted() -> bool:
        return any(call.body == {"MessageId": message_id} for call in endpoint.calls_of("DeleteMessage"))

    endpoint.wait_for(deleted, f"the end of {message_id}")
    return list(endpoint.replies(message_id))


def until_exists(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


def waiting_script(folder: Path) -> str:
    """Says that it runs, waits to be let go, and counts its runs."""
    return f"echo run >> {folder}/runs; echo begun; while [ ! -e {folder}/go ]; do sleep 0.05; done; echo done"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_scripts_outlive_the_agent_and_the_next_one_answers(
    endpoint: Any, start_agent: Any, tmp_path: Path, number: int
) -> None:
    agent = start_agent()
    message_id = endpoint.send(SEND, COMMAND, payload("echo first", waiting_script(tmp_path), "echo last"))
    endpoint.wait_for(lambda: len(endpoint.replies(message_id)) == 2, "the first step's result")
    until_exists(tmp_path / "runs")
    assert agent.stop(number) == (0 if number == signal.SIGTERM else -number)
    (tmp_path / "go").touch()
    until_exists(agent.data / "channels" / COMMAND / "complete.json")
    agent.start()
    replies = until_deleted(endpoint, message_id)
    # A reply may come twice when the agent ended before it noted that it was sent, but never out of order.
    steps = [list(reply["runtimeStatus"]) for reply in replies]
    assert [step for step, _ in itertools.groupby(steps)] == [[], ["step1"], ["step2"], ["step3"], []]
    assert replies[-3]["runtimeStatus"]["step2"]["standardOutput"] == "begun\ndone\n"
    assert replies[-1]["documentStatus"] == "Success"
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_script_that_still_runs_is_found_by_the_next_agent(endpoint: Any, start_agent: Any, tmp_path: Path) -> None:
    agent = start_agent()
    message_id = endpoint.send(SEND, COMMAND, payload(waiting_script(tmp_path)))
    until_exists(tmp_path / "runs")
    agent.stop(signal.SIGKILL)
    agent.start()
    endpoint.wait_for(lambda: len(endpoint.calls_of("UpdateInstanceInformation")) == 2, "the next agent")
    (tmp_path / "go").touch()
    assert until_deleted(endpoint, message_id)[-1]["documentStatus"] == "Success"
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_command_that_was_taken_but_not_begun_is_run_by_the_next_agent(
    endpoint: Any, start_agent: Any, tmp_path: Path
) -> None:
    agent = start_agent(Mds={"Endpoint": endpoint.url, "CommandWorkersLimit": 1})
    first = endpoint.send(SEND, COMMAND, payload(waiting_script(tmp_path)))
    until_exists(tmp_path / "runs")
    other = "22222222-2222-3333-4444-555555555555"
    second = endpoint.send(SEND, other, payload(f"cat {tmp_path}/go && echo second", command_id=other))
    endpoint.wait_for(lambda: endpoint.replies(second), "the second to be taken")
    agent.stop(signal.SIGKILL)
    agent.start()
    (tmp_path / "go").touch()
    assert until_deleted(endpoint, first)[-1]["documentStatus"] == "Success"
    assert until_deleted(endpoint, second)[-1]["documentStatus"] == "Success"


def test_a_worker_that_dies_is_an_unexpected_failure(endpoint: Any, start_agent: Any, tmp_path: Path) -> None:
    agent = start_agent()
    message_id = endpoint.send(SEND, COMMAND, payload("echo first", waiting_script(tmp_path)))
    endpoint.wait_for(lambda: len(endpoint.replies(message_id)) == 2, "the first step's result")
    worker = json.loads((agent.data / "channels" / COMMAND / "worker.json").read_text())
    os.kill(worker["pid"], signal.SIGKILL)
    last = until_deleted(endpoint, message_id)[-1]
    (tmp_path / "go").touch()
    assert last["documentStatus"] == "Failed"
    assert "document process failed unexpectedly" in last["documentTraceOutput"]
    assert last["additionalInfo"]["runtimeStatusCounts"] == {"Success": 1, "Failed": 1}


def test_a_worker_of_an_earlier_boot_is_dead_whatever_has_its_id_now(
    endpoint: Any, start_agent: Any, tmp_path: Path
) -> None:
    agent = start_agent()
    message_id = endpoint.send(SEND, COMMAND, payload(waiting_script(tmp_path)))
    until_exists(tmp_path / "runs")
    agent.stop(signal.SIGKILL)
    worker = agent.data / "channels" / COMMAND / "worker.json"
    worker.write_text(json.dumps({**json.loads(worker.read_text()), "boot": "another"}))
    agent.start()
    assert until_deleted(endpoint, message_id)[-1]["documentStatus"] == "Failed"
    (tmp_path / "go").touch()


def test_a_step_that_asks_for_a_reboot_runs_again_after_it(endpoint: Any, start_agent: Any, tmp_path: Path) -> None:
    agent = start_agent()
    asks = (
        f"if [ -e {tmp_path}/m ]; then echo after reboot; else touch {tmp_path}/m; echo requesting reboot; exit 194; fi"
    )
    message_id = endpoint.send(SEND, COMMAND, payload(f"echo x >> {tmp_path}/first", asks, "echo last"))
    until_exists(tmp_path / "reboot-asked-for")
    assert [reply["documentStatus"] for reply in endpoint.replies(message_id)] == ["InProgress", "InProgress"]
    agent.stop()
    agent.start()
    replies = until_deleted(endpoint, message_id)
    assert [list(reply["runtimeStatus"]) for reply in replies] == [[], ["step1"], ["step2"], ["step3"], []]
    assert replies[2]["runtimeStatus"]["step2"]["standardOutput"] == "requesting reboot\nafter reboot\n"
    assert replies[-1]["documentStatus"] == "Success"
    assert (tmp_path / "first").read_text() == "x\n"


def test_no_command_is_taken_while_a_reboot_is_pending(endpoint: Any, start_agent: Any, tmp_path: Path) -> None:
    agent = start_agent()
    endpoint.send(SEND, COMMAND, payload("exit 194"))
    until_exists(tmp_path / "reboot-asked-for")
    deadline = time.monotonic() + 20
    while "no further commands are taken" not in agent.log:
        assert time.monotonic() < deadline, agent.log
        time.sleep(0.05)


def test_resuming_has_an_end(endpoint: Any, start_agent: Any, tmp_path: Path) -> None:
    agent = start_agent(Mds={"Endpoint": endpoint.url, "CommandRetryLimit": 2})
    endpoint.send(SEND, COMMAND, payload(f"echo x >> {tmp_path}/runs; exit 194"))
    corrupt = agent.data / "document" / "state" / "corrupt" / COMMAND
    for _ in range(3):
        until_exists(tmp_path / "reboot-asked-for")
        (tmp_path / "reboot-asked-for").unlink()
        agent.stop()
        agent.start()
    until_exists(corrupt)
    assert (tmp_path / "runs").read_text() == "x\nx\nx\n"


def test_a_damaged_state_is_put_aside(endpoint: Any, start_agent: Any) -> None:
    agent = start_agent()
    endpoint.wait_for(lambda: endpoint.calls_of("GetMessages"), "a poll")
    agent.stop()
    current = agent.data / "document" / "state" / "current"
    (current / "broken").write_text("{")
    (current / "strange").write_text('{"command": {}}')
    agent.start()
    message_id = endpoint.send(SEND, COMMAND, payload("echo fine"))
    assert until_deleted(endpoint, message_id)[-1]["documentStatus"] == "Success"
    assert {path.name for path in (agent.data / "document" / "state" / "corrupt").iterdir()} == {"broken", "strange"}


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("SendReply", 500, "InternalServerError"),
        ("SendReply", 400, "ThrottlingException"),
        ("SendReply", 400, "AccessDeniedException"),
        ("DeleteMessage", 503, "ServiceUnavailable"),
        ("AcknowledgeMessage", 500, "InternalServerError"),
        ("GetMessages", 500, "InternalServerError"),
        ("UpdateInstanceInformation", 400, "AccessDeniedException"),
    ],
)
def test_a_refusal_that_passes_loses_nothing(
    endpoint: Any, start_agent: Any, target: str, status: int, code: str
) -> None:
    endpoint.refuse_once(target, status, code)
    start_agent()
    message_id = endpoint.send(SEND, COMMAND, payload("echo one"))
    replies = until_deleted(endpoint, message_id)
    assert replies[-1]["documentStatus"] == "Success"
    assert replies[-1]["runtimeStatus"]["step1"]["standardOutput"] == "one\n"


def test_a_reply_that_is_refused_for_good_does_not_hold_up_the_rest(endpoint: Any, start_agent: Any) -> None:
    endpoint.refuse["SendReply"] = (400, {"__type": "InvalidMessageId", "message": "no such message"})
    start_agent(Mds={"Endpoint": endpoint.url, "CommandWorkersLimit": 1})
    until_deleted(endpoint, endpoint.send(SEND, COMMAND, payload("echo one")))


def test_expired_credentials_are_fetched_anew(endpoint: Any, start_agent: Any) -> None:
    endpoint.refuse_once("GetMessages", 400, "ExpiredTokenException")
    start_agent()
    message_id = endpoint.send(SEND, COMMAND, payload("echo one"))
    assert until_deleted(endpoint, message_id)[-1]["documentStatus"] == "Success"
    assert endpoint.credentials_given >= 2


def test_the_agent_waits_for_the_metadata_service(endpoint: Any, start_agent: Any) -> None:
    endpoint.metadata_up = False
    agent = start_agent()
    deadline = time.monotonic() + 20
    while "instance metadata" not in agent.log:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    endpoint.metadata_up = True
    endpoint.wait_for(lambda: endpoint.calls_of("GetMessages"), "a poll")


def test_five_commands_run_at_once(endpoint: Any, start_agent: Any, tmp_path: Path) -> None:
    start_agent()
    sent = []
    for number in range(5):
        command_id = f"{number}1111111-2222-3333-4444-555555555555"
        script = f"touch {tmp_path}/at-{number}; while [ $(ls {tmp_path}/at-* | wc -l) -lt 5 ]; do sleep 0.05; done"
        sent.append(endpoint.send(SEND, command_id, payload(script, command_id=command_id)))
    for message_id in sent:
        assert until_deleted(endpoint, message_id)[-1]["documentStatus"] == "Success"


def test_a_command_that_waits_can_be_cancelled(endpoint: Any, start_agent: Any, tmp_path: Path) -> None:
    start_agent(Mds={"Endpoint": endpoint.url, "CommandWorkersLimit": 1})
    first = endpoint.send(SEND, COMMAND, payload(waiting_script(tmp_path)))
    other = "22222222-2222-3333-4444-555555555555"
    second = endpoint.send(SEND, other, payload(f"touch {tmp_path}/never", command_id=other))
    endpoint.wait_for(lambda: endpoint.replies(second), "the second to be taken")
    endpoint.send(CANCEL, "33333333-2222-3333-4444-555555555555", {"CancelMessageId": second})
    until_deleted(endpoint, "aws.ssm.33333333-2222-3333-4444-555555555555.i-0123456789abcdef0")
    (tmp_path / "go").touch()
    assert until_deleted(endpoint, first)[-1]["documentStatus"] == "Success"
    assert until_deleted(endpoint, second)[-1]["documentStatus"] == "Cancelled"
    assert not (tmp_path / "never").exists()


def test_no_parameters_value_and_no_secret_is_logged_or_left_behind(endpoint: Any, start_agent: Any) -> None:
    agent = start_agent()
    definitions = {"P": {"type": "String", "interpolationType": "ENV_VAR"}}
    script = payload('test -n "{{ P }}"', Parameters={"P": "correct-horse", "bad_name": "battery-staple"})
    script["DocumentContent"]["parameters"] = definitions
    until_deleted(endpoint, endpoint.send(SEND, COMMAND, script))
    assert COMMAND in agent.log
    for secret in ("correct-horse", "battery-staple", "s3cr3t", "t0k3n"):
        assert secret not in agent.log
        for path in (agent.data / "document").rglob("*"):
            assert not path.is_file() or secret not in path.read_text()


def test_state_is_readable_by_its_owner_alone(endpoint: Any, start_agent: Any, tmp_path: Path) -> None:
    agent = start_agent()
    message_id = endpoint.send(SEND, COMMAND, payload(waiting_script(tmp_path)))
    until_exists(tmp_path / "runs")
    for path in (agent.data / "document" / "state").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (agent.data / "channels" / COMMAND).stat().st_mode & 0o077 == 0
    (tmp_path / "go").touch()
    until_deleted(endpoint, message_id)
    assert not (agent.data / "channels" / COMMAND).exists()


def test_output_goes_to_s3_and_cloudwatch_logs(endpoint: Any, start_agent: Any) -> None:
    start_agent()
    more = {
        "OutputS3BucketName": "bucket",
        "OutputS3KeyPrefix": "prefix",
        "CloudWatchOutputEnabled": "true",
        "CloudWatchLogGroupName": "group",
    }
    message_id = endpoint.send(SEND, COMMAND, payload("echo out; echo err >&2", **more))
    last = until_deleted(endpoint, message_id)[-1]["runtimeStatus"]["step1"]
    prefix = f"prefix/{COMMAND}/i-0123456789abcdef0/awsrunShellScript"
    assert (last["outputS3BucketName"], last["outputS3KeyPrefix"], last["stepName"]) == ("bucket", prefix, "step1")
    assert endpoint.objects[f"/bucket/{prefix}/step1/stdout"] == b"out\n"
    assert endpoint.objects[f"/bucket/{prefix}/step1/stderr"] == b"err\n"
    events = endpoint.calls_of("PutLogEvents")
    assert {call.body["logStreamName"] for call in events} == {
        f"{COMMAND}/i-0123456789abcdef0/step1/{name}" for name in ("stdout", "stderr")
    }
    assert events[0].body["logGroupName"] == "group"
    assert events[0].body["logEvents"][0]["message"] == "out"


def test_output_of_schema_1_2_is_filed_under_the_id_of_its_properties(endpoint: Any, start_agent: Any) -> None:
    start_agent()
    properties = [{"id": "0.aws:runShellScript", "runCommand": ["echo out"]}]
    content = {"schemaVersion": "1.2", "runtimeConfig": {"aws:runShellScript": {"properties": properties}}}
    message_id = endpoint.send(SEND, COMMAND, payload(DocumentContent=content, OutputS3BucketName="bucket"))
    last = until_deleted(endpoint, message_id)[-1]["runtimeStatus"]["aws:runShellScript"]
    assert last["stepName"] == "0.awsrunShellScript"
    key = f"/bucket/{last['outputS3KeyPrefix']}/{last['stepName']}/stdout"
    assert endpoint.objects[key] == b"out\n"


def test_a_failed_upload_changes_no_result(endpoint: Any, start_agent: Any) -> None:
    endpoint.refuse["PutLogEvents"] = (400, {"__type": "AccessDeniedException", "message": "no"})
    agent = start_agent()
    more = {"CloudWatchOutputEnabled": "true"}
    message_id = endpoint.send(SEND, COMMAND, payload("echo out", **more))
    assert until_deleted(endpoint, message_id)[-1]["documentStatus"] == "Success"
    assert endpoint.calls_of("PutLogEvents")[0].body["logGroupName"] == "/aws/ssm/Doc"
    assert "failed to upload stdout of step step1: AccessDeniedException" in agent.log


def test_references_are_resolved_through_the_endpoint(endpoint: Any, start_agent: Any) -> None:
    endpoint.parameters = {"p": {"Name": "p", "Type": "String", "Value": "resolved", "Version": 1}}
    start_agent()
    message_id = endpoint.send(SEND, COMMAND, payload("echo {{ssm:p}}"))
    assert until_deleted(endpoint, message_id)[-1]["runtimeStatus"]["step1"]["standardOutput"] == "resolved\n"
    other = "22222222-2222-3333-4444-555555555555"
    failing = endpoint.send(SEND, other, payload("echo {{ssm:absent}}", command_id=other))
    last = until_deleted(endpoint, failing)[-1]
    assert (last["documentStatus"], last["runtimeStatus"]) == ("Failed", {})
    assert last["documentTraceOutput"] == "Input contains invalid parameters [absent]"


def test_a_command_that_cannot_be_kept_is_refused_with_the_reason(endpoint: Any, start_agent: Any) -> None:
    agent = start_agent()
    endpoint.wait_for(lambda: endpoint.calls_of("GetMessages"), "a poll")
    pending = agent.data / "document" / "state" / "pending"
    pending.rmdir()
    pending.write_text("a file where the folder should be")
    message_id = endpoint.send(SEND, COMMAND, payload("echo one"))
    last = until_deleted(endpoint, message_id)[-1]
    assert last["documentStatus"] == "Failed"
    assert "the agent cannot keep the command: " in last["documentTraceOutput"]
    assert agent.process.poll() is None


def test_a_command_that_cannot_go_on_is_failed_and_the_agent_lives(endpoint: Any, start_agent: Any) -> None:
    agent = start_agent()
    endpoint.wait_for(lambda: endpoint.calls_of("GetMessages"), "a poll")
    channels = agent.data / "channels"
    channels.rmdir()
    channels.write_text("a file where the folder should be")
    message_id = endpoint.send(SEND, COMMAND, payload("echo one"))
    endpoint.wait_for(lambda: len(endpoint.replies(message_id)) == 2, "the last reply")
    last = endpoint.replies(message_id)[-1]
    assert last["documentStatus"] == "Failed"
    assert "the agent cannot go on with the command: " in last["documentTraceOutput"]
    assert agent.process.poll() is None


def test_without_its_nursery_the_agent_starts_workers_as_programs(endpoint: Any, start_agent: Any) -> None:
    agent = start_agent()
    first = until_deleted(endpoint, endpoint.send(SEND, COMMAND, payload("echo one")))
    pid = agent.process.pid
    nursery = int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()[0])
    os.kill(nursery, signal.SIGKILL)
    other = "22222222-2222-3333-4444-555555555555"
    second = until_deleted(endpoint, endpoint.send(SEND, other, payload("echo two", command_id=other)))
    assert [replies[-1]["documentStatus"] for replies in (first, second)] == ["Success", "Success"]
    assert "document workers start more slowly from now on" in agent.log


def test_nothing_of_the_agent_is_left_when_it_ends(endpoint: Any, start_agent: Any) -> None:
    agent = start_agent()
    until_deleted(endpoint, endpoint.send(SEND, COMMAND, payload("echo one")))
    pid = agent.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    handles = [os.pidfd_open(int(child)) for child in children]
    agent.stop(signal.SIGKILL)
    for handle in handles:
        assert select.select([handle], [], [], 20)[0], f"one of {children} still runs"
        os.close(handle)
    assert handles


def test_a_worker_that_cannot_begin_is_reported_and_says_why(endpoint: Any, start_agent: Any) -> None:
    agent = start_agent()
    endpoint.wait_for(lambda: endpoint.calls_of("GetMessages"), "a poll")
    orchestration = agent.data / "document" / "orchestration"
    orchestration.rmdir()
    orchestration.write_text("a file where the folder should be")
    last = until_deleted(endpoint, endpoint.send(SEND, COMMAND, payload("echo one")))[-1]
    assert last["documentStatus"] == "Failed"
    assert "document process failed unexpectedly" in last["documentTraceOutput"]
    assert f"document worker {COMMAND}: FileExistsError" in agent.log
