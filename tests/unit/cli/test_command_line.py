"""The command line as a person meets it: as a process, without a rehearsal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.cli.report import write
from rehearsal.scenarios.results import RehearsalResult
from rehearsal.settings import load_settings

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = ["all", "up", "down", "status", "env", "run", "plan", "lint", "catalogue", "report"]
TOML = """
name = "example"
[[stacks]]
name = "app"
template = "app.yaml"
[options.database]
default = "one"
fallback = "two"
[options.database.one]
[options.database.two]
"""


def rehearse(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, "-m", "rehearsal.cli", *arguments],
        capture_output=True, text=True, check=False, cwd=cwd, env=environment, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "rehearsal.toml").write_text(TOML)
    return tmp_path


def test_help_lists_every_command_and_what_the_exit_codes_mean() -> None:
    done = rehearse("--help")
    assert done.returncode == 0
    assert [command for command in COMMANDS if f"\n  {command} " not in done.stdout] == []
    assert "Exit codes" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    done = rehearse(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Exit code" in done.stdout
    assert "\\b" not in done.stdout


@pytest.mark.parametrize(
    ("command", "example"),
    [("env", '  eval "$(./rehearse env)"'), ("run", "  ./rehearse run NAME --parameters StackName=shop")],
)
def test_an_example_is_a_line_of_its_own(command: str, example: str) -> None:
    assert example in [line.removeprefix("  ") for line in rehearse(command, "--help").stdout.splitlines()]


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from rehearsal.cli.commands import cli\n"
        "try:\n    cli(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('LOADED', sorted({'boto3', 'moto', 'docker', 'rich', 'jsonschema', 'yaml'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout


@pytest.mark.parametrize(
    "arguments", [["fly"], ["up", "--fast"], ["all", "--suite", "none"], ["run"], ["report", "extra"]]
)
def test_wrong_use_ends_with_2_and_says_how_it_is_used(arguments: list[str]) -> None:
    done = rehearse(*arguments)
    assert done.returncode == 2
    assert "Usage: ./rehearse" in done.stderr


@pytest.mark.parametrize("command", [["status"], ["env"], ["run", "Example-Restart"]])
def test_commands_that_need_a_rehearsal_say_how_to_bring_one_up(checkout: Path, command: list[str]) -> None:
    done = rehearse(*command, cwd=checkout)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no rehearsal is up" in done.stderr
    assert "./rehearse up" in done.stderr


def test_a_report_that_is_not_there_is_said_not_to_be(checkout: Path) -> None:
    done = rehearse("report", cwd=checkout)
    assert done.returncode == 2
    assert "there is no report yet" in done.stderr


def test_a_report_that_was_written_is_printed_as_a_table_and_as_it_is(checkout: Path) -> None:
    settings = load_settings(checkout / "rehearsal.toml")
    write(settings, RehearsalResult(started=0, seconds=7, variant={}, phases=(), scenarios=(), checks=()))
    done = rehearse("report", cwd=checkout)
    assert (done.returncode, done.stderr) == (1, "")
    assert "0 of 0 checks passed" in done.stdout
    assert json.loads(rehearse("report", "--json", cwd=checkout).stdout)["seconds"] == 7


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"format": 1, "passed": tr',
        b"[1]",
        b'{"passed": true}',
        b'{"format": 0, "passed": true}',
        b"\xff",
        b"[" * 90_000,
    ],
    ids=["empty", "cut short", "a list", "before formats", "another format", "binary", "deep"],
)
def test_a_report_of_another_version_is_said_to_be_one(checkout: Path, content: bytes) -> None:
    path = checkout / "build" / "rehearsal" / "report.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    done = rehearse("report", cwd=checkout)
    assert (done.returncode, done.stdout) == (2, "")
    assert "report.json is not a report of this version\n  ./rehearse all" in done.stderr


def test_outside_of_a_checkout_the_missing_file_is_named(tmp_path: Path) -> None:
    done = rehearse("env", cwd=tmp_path)
    assert done.returncode == 2
    assert "has a rehearsal.toml" in done.stderr


def test_the_settings_are_found_from_a_folder_within(checkout: Path) -> None:
    (checkout / "deep" / "er").mkdir(parents=True)
    assert "no rehearsal is up" in rehearse("env", cwd=checkout / "deep" / "er").stderr


def test_broken_settings_are_an_error_of_the_file(checkout: Path) -> None:
    (checkout / "rehearsal.toml").write_text(TOML.replace('name = "example"', 'nmae = "example"'))
    done = rehearse("env", cwd=checkout)
    assert done.returncode == 2
    assert "rehearsal.toml" in done.stderr
    assert "Traceback" not in done.stderr


def test_options_of_the_settings_are_options_of_the_commands(checkout: Path) -> None:
    assert "--database [one|two]" in " ".join(rehearse("up", "--help", cwd=checkout).stdout.split())
    done = rehearse("up", "--database", "three", cwd=checkout)
    assert done.returncode == 2
    assert "'three' is not one of 'one', 'two'" in done.stderr


def test_parameters_that_are_none_are_refused(checkout: Path) -> None:
    done = rehearse("run", "Example-Restart", "--parameters", "StackName", cwd=checkout)
    assert done.returncode == 2
    assert "'StackName' is not NAME=VALUE" in done.stderr


def test_a_runbook_is_found_by_name_from_a_folder_within(checkout: Path) -> None:
    (checkout / "rehearsal.toml").write_text('name = "example"\ndocuments = "library"\n')
    (checkout / "library" / "deep").mkdir(parents=True)
    (checkout / "library" / "deep" / "Example-Wait.yaml").write_text(
        'schemaVersion: "0.3"\nmainSteps: [{name: Wait, action: "aws:sleep", inputs: {Duration: PT1S}}]\n'
    )
    assert "1. Wait  aws:sleep" in rehearse("plan", "Example-Wait", cwd=checkout / "library" / "deep").stdout
    done = rehearse("plan", "Exmaple-Wait", cwd=checkout)
    assert done.returncode == 2
    assert 'did you mean "Example-Wait"?' in done.stderr


def test_without_a_stack_nothing_is_rehearsed(checkout: Path) -> None:
    (checkout / "rehearsal.toml").write_text('name = "example"\n')
    done = rehearse("all", cwd=checkout)
    assert done.returncode == 2
    assert "rehearsal.toml has no stack" in done.stderr
    assert "[[stacks]]" in done.stderr


def test_a_scenario_that_there_is_not_is_refused_before_anything_is_started(checkout: Path) -> None:
    (checkout / "scenarios").mkdir()
    (checkout / "scenarios" / "common.yaml").write_text("base_url: https://a.test\nprobes: []\n")
    done = rehearse("all", "--only", "Example-Restart", cwd=checkout)
    assert done.returncode == 2
    assert "no scenario and no rehearsed runbook is named Example-Restart" in done.stderr
    assert not (checkout / "build" / "rehearsal" / "state.json").exists()
