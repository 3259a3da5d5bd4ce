"""What a user sees of a rehearsal that is up. Each test is a promise of the README."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.hosts.engine import connect
from rehearsal.hosts.labels import INSTANCE, of_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.rehearsal.conftest import Rehearsal

RESTART = "FlaskOps-RestartFlask"
SITE = "https://shop.example.test"
CA = ("--cacert", "/etc/rehearsal/acme-root.pem")
# The stand-in agent's words for it: unmodified clients know no shorter way than to ask again.
PATIENCE_SECONDS = 90


def until(question: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """The first true answer; the last answer when none came in time."""
    deadline = time.monotonic() + seconds
    while not (answer := question()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return answer


def restart_of(rehearsal: Rehearsal) -> dict[str, Any]:
    [runbook] = [runbook for runbook in rehearsal.report["runbooks"] if runbook["name"] == RESTART]
    return dict(runbook)


def test_the_main_job_passed(rehearsal: Rehearsal) -> None:
    fallen = [check for runbook in rehearsal.report["runbooks"] for check in runbook["checks"] if not check["passed"]]
    assert fallen == []
    assert rehearsal.main_job.returncode == 0, rehearsal.main_job.stderr
    assert "Rehearsal passed" in rehearsal.main_job.stdout


def test_a_restart_under_load_loses_no_request_of_either_kind(rehearsal: Rehearsal) -> None:
    runbook = restart_of(rehearsal)
    assert runbook["status"] == "Success"
    assert runbook["requests"]["losses"] == []
    assert runbook["requests"]["lost"] == 0
    # The load ran before, during and after: more than the run's own seconds at 200 requests a second.
    assert runbook["requests"]["sent"] > 200 * (runbook["seconds"] + 5)


def test_the_former_command_under_the_same_load_is_measured_beside_it(rehearsal: Rehearsal) -> None:
    baseline = restart_of(rehearsal)["baseline"]
    assert "systemctl restart" in baseline["command"]
    assert baseline["requests"]["lost"] > 0
    assert baseline["requests"]["sent"] > 1000


def test_the_restart_may_be_run_twice_and_stopped_at_each_step(rehearsal: Rehearsal) -> None:
    runbook = restart_of(rehearsal)
    assert runbook["second_run"]["status"] == "Success"
    steps = {step["name"] for step in runbook["steps"] if step["started"]}
    stopped = {
        check["name"].removeprefix("stopped at ") for check in runbook["checks"] if "stopped at" in check["name"]
    }
    assert stopped == steps


def test_the_page_of_the_report_is_written(rehearsal: Rehearsal) -> None:
    page = (rehearsal.settings.state_folder / "report.html").read_text()
    assert RESTART in page
    assert "<svg" in page


def test_the_cli_describes_the_stacks(rehearsal: Rehearsal) -> None:
    stacks = rehearsal.answer("cloudformation", "describe-stacks")["Stacks"]
    assert {stack["StackName"] for stack in stacks} == {stack.name for stack in rehearsal.settings.stacks}
    # Deployed by the main job, or brought up to date by it where a rehearsal was up already.
    assert {stack["StackStatus"] for stack in stacks} <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_the_cli_starts_a_runbook_and_gets_its_end(rehearsal: Rehearsal) -> None:
    started = rehearsal.answer(
        "ssm", "start-automation-execution", "--document-name", RESTART, "--parameters", f"StackName={rehearsal.stack}"
    )
    execution_id = started["AutomationExecutionId"]

    def ended() -> dict[str, Any] | None:
        answer = rehearsal.answer("ssm", "get-automation-execution", "--automation-execution-id", execution_id)
        execution: dict[str, Any] = answer["AutomationExecution"]
        return execution if execution["AutomationExecutionStatus"] not in {"Pending", "InProgress"} else None

    execution = until(ended)
    assert execution["AutomationExecutionStatus"] == "Success", execution
    assert {step["StepStatus"] for step in execution["StepExecutions"]} <= {"Success", "Pending"}


def test_the_cli_sends_a_command_waits_for_it_and_reads_what_the_host_wrote(rehearsal: Rehearsal) -> None:
    instance = rehearsal.outputs()["WebInstanceId"]
    sent = rehearsal.answer(
        "ssm", "send-command", "--document-name", "AWS-RunShellScript", "--instance-ids", instance,
        "--parameters", json.dumps({"commands": ["systemctl is-active flask-app.service", "hostname >&2"]}),
    )  # fmt: skip
    asked = ("--command-id", sent["Command"]["CommandId"], "--instance-id", instance)
    waited = rehearsal.aws("ssm", "wait", "command-executed", *asked)
    assert waited.returncode == 0, waited.stderr
    invocation = rehearsal.answer("ssm", "get-command-invocation", *asked)
    assert invocation["Status"] == "Success"
    assert invocation["StandardOutputContent"] == "active\n"
    assert invocation["StandardErrorContent"].startswith("ip-10-0-1-")


def test_boto3_does_the_same(rehearsal: Rehearsal) -> None:
    ssm = rehearsal.client("ssm")
    instances = ssm.describe_instance_information()["InstanceInformationList"]
    assert {instance["PingStatus"] for instance in instances} == {"Online"}
    command_id = ssm.send_command(
        DocumentName="AWS-RunShellScript",
        Targets=[{"Key": "tag:Role", "Values": ["web", "database"]}],
        Parameters={"commands": ["id --user"]},
    )["Command"]["CommandId"]

    def written() -> list[str]:
        found = ssm.list_command_invocations(CommandId=command_id, Details=True)["CommandInvocations"]
        outputs = [plugin["Output"] for invocation in found for plugin in invocation["CommandPlugins"]]
        return outputs if len(outputs) == 2 and all(outputs) else []

    assert until(written) == ["0\n", "0\n"]


def test_the_site_is_served_over_https_with_a_certificate_of_the_acme_server(rehearsal: Rehearsal) -> None:
    served = rehearsal.outside("curl", "--silent", "--show-error", "--fail", *CA, f"{SITE}/db-check")
    assert (served.code, json.loads(served.stdout)) == (0, {"status": "ok"})
    seen = rehearsal.outside("curl", "--silent", "--verbose", *CA, "--output", "/dev/null", f"{SITE}/")
    assert "issuer: CN=Pebble" in seen.stderr
    assert "SSL certificate verify ok" in seen.stderr


def test_nobody_else_vouches_for_that_certificate(rehearsal: Rehearsal) -> None:
    refused = rehearsal.outside("curl", "--silent", "--show-error", "--cacert", "/etc/rehearsal/ca.pem", f"{SITE}/")
    assert refused.code == 60
    assert "certificate" in refused.stderr


def connects(address: str, port: int) -> str:
    return f"import socket; socket.create_connection(({address!r}, {port}), timeout=4).close()"


def test_the_database_is_out_of_reach_from_outside(rehearsal: Rehearsal) -> None:
    outputs = rehearsal.outputs()
    for address in (outputs["PrivateInstancePrivateIp"], outputs["PublicInstancePublicIp"]):
        assert rehearsal.outside("python3", "-c", connects(address, 3306)).code != 0
    # The same way leads to a port that is open, so it is not the way that is missing.
    assert rehearsal.outside("python3", "-c", connects(outputs["PublicInstancePublicIp"], 443)).code == 0


def on_host(rehearsal: Rehearsal, instance: str, command: str) -> dict[str, Any]:
    ssm = rehearsal.client("ssm")
    command_id = ssm.send_command(
        DocumentName="AWS-RunShellScript", InstanceIds=[instance], Parameters={"commands": [command]}
    )["Command"]["CommandId"]

    def ended() -> dict[str, Any] | None:
        invocations = ssm.list_command_invocations(CommandId=command_id)["CommandInvocations"]
        if not invocations or invocations[0]["Status"] in {"Pending", "InProgress"}:
            return None
        answer: dict[str, Any] = ssm.get_command_invocation(CommandId=command_id, InstanceId=instance)
        return answer

    return dict(until(ended))


def test_the_web_host_reaches_the_database(rehearsal: Rehearsal) -> None:
    outputs = rehearsal.outputs()
    script = f"python3 -c {connects(outputs['PrivateInstancePrivateIp'], 3306)!r}"
    assert on_host(rehearsal, outputs["WebInstanceId"], script)["Status"] == "Success"


def test_status_shows_both_hosts_their_agents_and_executions(rehearsal: Rehearsal, command: Callable[..., Any]) -> None:
    assert rehearsal.report
    status = json.loads(command("status", "--json").stdout)
    assert [(host["state"], host["agent"], host["failed_units"]) for host in status["hosts"]] == [
        ("running", "Online", [])
    ] * 2
    assert RESTART in {execution["runbook"] for execution in status["executions"]}
    table = command("status").stdout
    assert all(host["instance_id"] in table for host in status["hosts"])


def test_run_streams_steps_and_hosts_output_and_prints_the_outputs(
    rehearsal: Rehearsal, command: Callable[..., Any]
) -> None:
    done = command("run", RESTART, "--parameters", f"StackName={rehearsal.stack}")
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)
    steps = [step["name"] for step in restart_of(rehearsal)["steps"] if step["started"]]
    assert [step for step in steps if f"✓ {step} " not in done.stderr] == []


class TestBadInput:
    def test_an_unknown_runbook(self, rehearsal: Rehearsal, command: Callable[..., Any]) -> None:
        done = command("run", "FlaskOps-Nope", "--parameters", f"StackName={rehearsal.stack}")
        assert done.returncode == 2
        assert "FlaskOps-Nope" in done.stderr

    @pytest.mark.parametrize(
        ("given", "named"),
        [("", "StackName"), ("StackName=a$(reboot)b", "StackName"), ("StackName=x,Colour=red", "Colour")],
    )
    def test_a_parameter_that_is_missing_malformed_or_unknown(
        self, rehearsal: Rehearsal, command: Callable[..., Any], given: str, named: str
    ) -> None:
        assert rehearsal.report
        done = command("run", RESTART, "--parameters", given)
        assert done.returncode == 2
        assert named in done.stderr

    def test_a_stack_that_does_not_exist(self, rehearsal: Rehearsal, command: Callable[..., Any]) -> None:
        assert rehearsal.report
        done = command("run", RESTART, "--parameters", "StackName=no-such-stack")
        assert done.returncode == 1
        assert "no-such-stack" in done.stderr

    def test_a_template_with_a_type_that_nobody_implements(self, rehearsal: Rehearsal, tmp_path: Path) -> None:
        template = tmp_path / "template.json"
        template.write_text(json.dumps({"Resources": {"Thing": {"Type": "AWS::Nowhere::Thing"}}}))
        done = rehearsal.aws(
            "cloudformation", "deploy", "--template-file", str(template), "--stack-name", "unsupported"
        )
        assert done.returncode != 0
        assert "AWS::Nowhere::Thing" in done.stderr


@pytest.fixture
def secret(rehearsal: Rehearsal) -> str:
    answer = rehearsal.client("secretsmanager").get_secret_value(SecretId=rehearsal.outputs()["DatabaseSecretArn"])
    return str(json.loads(answer["SecretString"])["password"])


def test_the_password_was_searched_for_and_shows_nowhere(rehearsal: Rehearsal, secret: str) -> None:
    [check] = rehearsal.report["checks"]
    assert check["passed"], check
    assert "places on web" in check["detail"]
    assert "places on database" in check["detail"]
    written = [rehearsal.main_job.stdout, rehearsal.main_job.stderr]
    folder = rehearsal.settings.state_folder
    written += [(folder / name).read_text() for name in ("report.json", "report.html", "cloud.log", "state.json")]
    assert [text for text in written if secret in text] == []


@pytest.fixture
def planted(rehearsal: Rehearsal, secret: str) -> Iterator[str]:
    """The password in a log of the web host, put there past every API, so that only this file has it."""
    containers = connect().containers.list(filters=of_project(rehearsal.settings, "host"))
    [web] = [c for c in containers if c.labels[INSTANCE] == rehearsal.outputs()["WebInstanceId"]]
    web.exec_run(["sh", "-c", 'printf "login with %s\\n" "$1" > /var/log/planted.log', "sh", secret])
    yield "/var/log/planted.log"
    web.exec_run(["rm", "/var/log/planted.log"])


def test_a_password_that_does_show_is_found(rehearsal: Rehearsal, planted: str) -> None:
    from rehearsal.cli.surroundings import surroundings_of  # noqa: PLC0415 - the test above is about the command line's own search
    from rehearsal.daemon.state import State  # noqa: PLC0415 - the same
    from rehearsal.scenarios.model import load_common  # noqa: PLC0415 - the same
    from rehearsal.scenarios.secret_search import search  # noqa: PLC0415 - the same

    state = State.read(rehearsal.settings.state_folder)
    assert state is not None
    surroundings = surroundings_of(rehearsal.settings, state, load_common(rehearsal.settings.scenarios))
    [check] = search(surroundings, stacks=[], texts={})
    assert not check.passed
    assert f"web: {planted} (plain)" in check.detail


def test_stopping_an_instance_stops_its_container_and_starting_brings_the_site_back(rehearsal: Rehearsal) -> None:
    instance = rehearsal.outputs()["WebInstanceId"]

    def container_states() -> list[str]:
        containers = connect().containers.list(all=True, filters=of_project(rehearsal.settings, "host"))
        return [container.status for container in containers if container.labels[INSTANCE] == instance]

    assert container_states() == ["running"]
    rehearsal.answer("ec2", "stop-instances", "--instance-ids", instance)
    stopped = rehearsal.aws("ec2", "wait", "instance-stopped", "--instance-ids", instance)
    assert stopped.returncode == 0, stopped.stderr
    assert container_states() == ["exited"]
    assert rehearsal.outside("curl", "--silent", "--max-time", "5", *CA, f"{SITE}/").code != 0

    rehearsal.answer("ec2", "start-instances", "--instance-ids", instance)
    assert until(
        lambda: rehearsal.outside("curl", "--silent", "--fail", "--max-time", "5", *CA, f"{SITE}/readyz").code == 0
    )
    assert container_states() == ["running"]
