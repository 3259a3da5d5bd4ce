from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.utils import get_environ_proxies
from click.testing import CliRunner

from rehearsal.cli.clients import client_variables, command_environment
from rehearsal.cli.env import env_command
from rehearsal.daemon.state import State, process_started

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    """A rehearsal whose daemon is this test."""
    (tmp_path / "rehearsal.toml").write_text('name = "example"\n')
    monkeypatch.chdir(tmp_path)
    started = process_started(os.getpid())
    assert started is not None
    state = State(
        project="example-1", pid=os.getpid(), process_started=started, endpoint="http://127.0.0.1:4566",
        region="eu-west-1", account_id="1" * 12, access_key_id="KEY", secret_access_key="it's $(secret) `x`",
    )  # fmt: skip
    state.write(tmp_path / "build" / "rehearsal")
    return state


@pytest.mark.parametrize("shell", [name for name in ("bash", "dash", "zsh") if shutil.which(name)])
def test_a_shell_that_evaluates_the_lines_has_the_variables_as_they_are(state: State, shell: str) -> None:
    lines = CliRunner().invoke(env_command, []).output
    script = (
        f'{lines}\nprintf "%s\\n" "$AWS_ENDPOINT_URL" "$AWS_SECRET_ACCESS_KEY" "$AWS_REGION" "${{AWS_PROFILE-unset}}"'
    )
    done = subprocess.run(
        [shell, "-euc", script], capture_output=True, text=True, check=True, env={**os.environ, "AWS_PROFILE": "work"}
    )
    assert done.stdout.splitlines() == [state.endpoint, state.secret_access_key, state.region, "unset"]


def test_only_lines_for_the_shell_are_printed(state: State) -> None:
    assert state.is_alive()
    lines = CliRunner().invoke(env_command, []).output.splitlines()
    own = ("export AWS_", "unset AWS_", "export NO_PROXY=", "export no_proxy=")
    assert [line for line in lines if not line.startswith(own)] == []


@pytest.mark.parametrize(
    "users_own",
    [
        {"AWS_ENDPOINT_URL_SSM": "https://elsewhere.test", "AWS_ENDPOINT_URL_EC2": "https://elsewhere.test"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
        {"AWS_CONFIG_FILE": "{folder}/config"},
        {"AWS_CONFIG_FILE": "{folder}/config", "AWS_PROFILE": "work"},
    ],
    ids=" ".join,
)
def test_after_the_lines_every_call_goes_to_the_rehearsal(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, users_own: dict[str, str]
) -> None:
    """Also under an AWS profile with endpoints of its own, or that says to ignore such."""
    section = "ignore_configured_endpoint_urls = true\nservices = own\n"
    (tmp_path / "config").write_text(
        f"[default]\n{section}[profile work]\n{section}[services own]\nssm =\n  endpoint_url = https://elsewhere.test\n"
    )
    for name, value in users_own.items():
        monkeypatch.setenv(name, value.format(folder=tmp_path))
    lines = CliRunner().invoke(env_command, []).output
    done = subprocess.run(["bash", "-euc", f"{lines}\nenv -0"], capture_output=True, text=True, check=True)
    shell = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    for name in {*os.environ} - {*shell}:
        monkeypatch.delenv(name)
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session()
    assert {session.client(service).meta.endpoint_url for service in ("ssm", "sts", "ec2")} == {state.endpoint}


def test_what_would_have_calls_refused_is_unset(state: State) -> None:
    """A stale token is sent with the keys; the SDKs refuse FIPS and dual-stack for an endpoint of one's own."""
    assert state.is_alive()
    lines = CliRunner().invoke(env_command, []).output.splitlines()
    names = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
    assert [name for name in names if f"unset {name}" not in lines] == []


PROXY = "http://127.0.0.1:9"  # the port that discards: nothing answers there


def test_a_proxy_is_not_asked_for_the_endpoint(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, PROXY)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert get_environ_proxies(state.endpoint) != {}
    for name, value in client_variables(state).items():
        monkeypatch.setenv(name, value)
    assert get_environ_proxies(state.endpoint) == {}
    assert get_environ_proxies("http://archive.test") != {}


def test_what_the_user_reaches_without_a_proxy_stays_so(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "corp.test, 10.0.0.0/8")
    monkeypatch.setenv("no_proxy", "corp.test,.test")
    expected = "corp.test,.test,10.0.0.0/8,127.0.0.1"
    variables = client_variables(state)
    assert (variables["NO_PROXY"], variables["no_proxy"]) == (expected, expected)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert client_variables(state)["NO_PROXY"] == expected


def test_the_users_own_configuration_does_not_lead_our_commands_elsewhere(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "https://elsewhere.test")
    environment = command_environment(state)
    assert {name for name in environment if name.startswith("AWS_")} == {
        "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PAGER",
    }  # fmt: skip
    assert environment["PATH"] == os.environ["PATH"]


def test_the_state_file_is_the_owners_alone_and_comes_back_as_it_was(state: State, tmp_path: Path) -> None:
    folder = tmp_path / "build" / "rehearsal"
    assert State.read(folder) == state
    assert (folder / "state.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["state.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_state_file_that_cannot_be_understood_is_no_state(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert State.read(tmp_path) is None


def test_a_state_that_names_no_process_is_none(state: State, tmp_path: Path) -> None:
    fields = {**state.__dict__, "pid": None, "process_started": None}
    (tmp_path / "state.json").write_text(json.dumps(fields))
    assert State.read(tmp_path) is None


def test_a_process_with_the_same_number_is_not_the_daemon(state: State) -> None:
    other = State(**{**state.__dict__, "process_started": state.process_started + 1})
    assert state.is_alive()
    assert not other.is_alive()


def test_a_process_that_ended_and_was_not_waited_for_is_not_alive() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process_started(child.pid) is None
    child.wait()
