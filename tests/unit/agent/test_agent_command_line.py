"""`python -m rehearsal.agent DOCUMENT`: what other tools may rely on."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]

DOCUMENT = """\
schemaVersion: '2.2'
description: Greets.
parameters:
  Name:
    type: String
    description: Whom.
    interpolationType: ENV_VAR
    allowedPattern: '^[a-z]+$'
mainSteps:
- action: aws:runShellScript
  name: greet
  precondition: {StringEquals: [platformType, Linux]}
  inputs:
    runCommand:
    - |
      #!/bin/bash
      set -euo pipefail
      echo "hello ${SSM_Name:?}"
"""


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rehearsal.agent", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
    )


def write(folder: Path, *scripts: str, name: str = "document.json") -> str:
    steps = [
        {"action": "aws:runShellScript", "name": f"s{number}", "inputs": {"runCommand": [script]}}
        for number, script in enumerate(scripts)
    ]
    (folder / name).write_text(json.dumps({"schemaVersion": "2.2", "mainSteps": steps}))
    return name


def test_a_document_runs_and_its_result_is_printed(tmp_path: Path) -> None:
    (tmp_path / "document.yaml").write_text(DOCUMENT)
    done = run("document.yaml", "--parameters", '{"Name": "you"}', cwd=tmp_path)
    step = {
        "name": "greet",
        "action": "aws:runShellScript",
        "status": "Success",
        "code": 0,
        "stdout": "hello you\n",
        "stderr": "",
    }
    assert json.loads(done.stdout) == {"status": "Success", "steps": [step]}
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [("exit 0", "Success", 0), ("exit 1", "Failed", 1), ("exit 137", "TimedOut", 1), ("exit 168", "Success", 0)],
)
def test_the_exit_status_says_how_it_ended(tmp_path: Path, script: str, status: str, code: int) -> None:
    done = run(write(tmp_path, script), cwd=tmp_path)
    assert (json.loads(done.stdout)["status"], done.returncode) == (status, code)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DOCUMENT.replace("2.2", "9.9"), "Document with schema version 9.9 is not supported"),
        (DOCUMENT.replace("'2.2'", "2.2"), "schemaVersion must be a string"),
        (DOCUMENT, "does not match the allowed pattern"),
        (DOCUMENT.replace("'^[a-z]+$'", "'(?=a)'"), "internal error"),
        (DOCUMENT.replace("echo", "echo").replace("    - |", "    - !file ../x.sh"), "tags (!) are not read"),
        (DOCUMENT + "mainSteps: []\n", "'mainSteps' is there twice"),
        (DOCUMENT.replace("Name:", "Name: &a", 1), "anchors (&) are not read"),
        ('{"schemaVersion": "2.2", "schemaVersion": "2.2"}', "'schemaVersion' is there twice"),
        ('{"schemaVersion": ', "not JSON"),
        ("", "a document is a mapping"),
        ("- a\n", "a document is a mapping"),
        ("\x00", "cannot be in YAML"),
    ],
)
def test_what_is_rejected_before_any_step_ends_with_3(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "document.yaml").write_text(text)
    done = run("document.yaml", "--parameters", '{"Name": "A"}', cwd=tmp_path)
    assert done.returncode == 3
    assert message in done.stderr
    printed = json.loads(done.stdout)
    assert (printed["status"], printed["steps"]) == ("Failed", [])
    assert "Traceback" not in done.stderr


def test_bytes_that_are_no_text_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "document.yaml").write_bytes(b"\xff\xfe\x00")
    assert run("document.yaml", cwd=tmp_path).returncode == 3


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["absent.yaml"],
        ["."],
        ["document.json", "--parameters", "{"],
        ["document.json", "--parameters", "[]"],
        ["document.json", "--agent-version", "new"],
        ["document.json", "--no-such-option"],
        ["document.json", "--state", "document.json"],
    ],
)
def test_wrong_usage_ends_with_2(tmp_path: Path, arguments: list[str]) -> None:
    write(tmp_path, "echo x")
    done = run(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_a_reboot_is_asked_for_and_gone_on_from(tmp_path: Path) -> None:
    name = write(tmp_path, "echo x >> count", "[ -e rebooted ] || { touch rebooted; exit 194; }", "echo last")
    first = run(name, "--state", "state", cwd=tmp_path)
    assert first.returncode == 194
    assert json.loads(first.stdout)["status"] == "SuccessAndReboot"
    second = run(name, "--state", "state", cwd=tmp_path)
    assert [step["status"] for step in json.loads(second.stdout)["steps"]] == ["Success"] * 3
    assert (tmp_path / "count").read_text() == "x\n"
    (tmp_path / "state" / "results.json").write_text("{]")
    assert run(name, "--state", "state", cwd=tmp_path).returncode == 3


def test_it_can_behave_as_an_agent_that_does_not_know_env_var(tmp_path: Path) -> None:
    (tmp_path / "document.yaml").write_text(DOCUMENT)
    arguments = ["--parameters", '{"Name": "you"}', "--agent-version", "3.3.1142.0"]
    done = run("document.yaml", *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert "SSM_Name: parameter null or not set" in json.loads(done.stdout)["steps"][0]["stderr"]


def test_scripts_leave_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    run(write(tmp_path, "echo x"), cwd=tmp_path, TMPDIR=str(tmp_path / "tmp"))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_terminated_run_kills_its_script_and_reports_it(tmp_path: Path) -> None:
    write(tmp_path, "echo $$ > pid; mv pid ready; sleep 600")
    process = subprocess.Popen(
        [sys.executable, "-m", "rehearsal.agent", "document.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        text=True,
    )
    while not (tmp_path / "ready").exists():
        assert process.poll() is None
        time.sleep(0.02)
    script = os.pidfd_open(int((tmp_path / "ready").read_text()))
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert json.loads(output)["status"] == "Cancelled"
    assert process.returncode == 1
    assert select.select([script], [], [], 20)[0], "the script still runs"
    os.close(script)


def test_only_the_standard_library_is_imported(tmp_path: Path) -> None:
    """As on a host: the folder copied, without site packages."""
    package = tmp_path / "lib" / "rehearsal"
    package.mkdir(parents=True)
    (package / "agent").symlink_to(ROOT / "rehearsal" / "agent")
    (tmp_path / "document.yaml").write_text(DOCUMENT)
    command = [sys.executable, "-S", "-m", "rehearsal.agent", "document.yaml", "--parameters", '{"Name": "you"}']
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "lib")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert (done.returncode, done.stderr) == (0, "Running plugin aws:runShellScript greet\n")


def test_every_module_can_be_imported_without_site_packages() -> None:
    folder = ROOT / "rehearsal" / "agent"
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in folder.rglob("*.py")
        if path.name != "__main__.py"
    ]
    done = subprocess.run(
        [sys.executable, "-S", "-c", "; ".join(f"import {name}" for name in sorted(names))],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_keeps_to_the_genuine_ones_behaviour() -> None:
    unit: dict[str, Any] = {}
    text = (ROOT / "rehearsal" / "agent" / "packaging" / "amazon-ssm-agent.service").read_text()
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            unit[name] = value
    assert unit["WorkingDirectory"] == "/usr/bin"
    assert unit["KillMode"] == "process"
    assert unit["Restart"] == "always"
    assert unit["Environment"] == "PYTHONPATH=/usr/lib/amazon-ssm-agent"
    assert unit["ExecStart"].endswith("-m rehearsal.agent --serve")
