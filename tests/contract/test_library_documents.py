"""The conventions of every document of the library (design §6)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.documents import load_document

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "ssm_documents"
RUNBOOKS = sorted(FOLDER.glob("automation/*.yaml"))
COMMANDS = sorted(FOLDER.glob("command/*.yaml"))
SESSIONS = sorted(FOLDER.glob("session/*.yaml"))
ALL = [*RUNBOOKS, *COMMANDS, *SESSIONS]
KEY_ORDER = ["schemaVersion", "description", "assumeRole", "parameters", "variables", "mainSteps", "outputs"]
SECTIONS = ["What it does", "Impact", "How long", "How to undo", "Permissions"]
# What a person starts says in the console too when to start it, and what it gives back.
RUNBOOK_SECTIONS = [
    "What it does", "When to run it", "Impact", "How long", "How to undo", "Result", "Permissions",
]  # fmt: skip
REFERENCE = re.compile(r"{{\s*([^}]+?)\s*}}")
PROMISED = {
    "BootstrapStack", "IssueCertificate", "RenewCertificate", "SeedDatabase", "HardenDatabase", "VerifyStack",
    "RestartFlask", "RestartNginx", "RestartDatabase", "RotateDatabaseCredentials", "DeployRelease", "RollbackRelease",
    "ScaleVertically", "UpdateIpAllowlist", "BackupDatabase", "RestoreDatabase", "TroubleshootHttp",
    "TroubleshootDatabase", "TroubleshootCertificate", "TroubleshootConnectivity", "SimulateDatabaseOutage",
    "SimulateNetworkIsolation", "SimulateExpiredCertificate", "CollectDiagnostics", "WritePostmortem",
}  # fmt: skip


@cache
def content(path: Path) -> dict[str, Any]:
    return load_document(path).content


def name(path: Path) -> str:
    return path.stem


def steps_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    pending = list(document["mainSteps"])
    while pending:
        step = pending.pop(0)
        yield step
        inner = step["inputs"].get("Steps")
        pending += inner if isinstance(inner, list) else []


def script_of(document: dict[str, Any]) -> str:
    """Join a command document's script as the agent does."""
    return "\n".join(document["mainSteps"][0]["inputs"]["runCommand"]) + "\n"


def test_every_promised_runbook_is_there() -> None:
    assert {name(path).removeprefix("FlaskOps-") for path in RUNBOOKS} == PROMISED
    assert [name(path) for path in SESSIONS] == ["FlaskOps-OpenShell"]


@pytest.mark.parametrize("path", ALL, ids=name)
def test_names_keys_and_descriptions_follow_one_form(path: Path) -> None:
    document = content(path)
    assert re.fullmatch(r"FlaskOps-[A-Z][a-z]+([A-Z][a-z]+)+", name(path)), "FlaskOps-<Verb><Object>"
    known = [key for key in document if key in KEY_ORDER]
    assert known == sorted(known, key=KEY_ORDER.index)
    sections = RUNBOOK_SECTIONS if path in RUNBOOKS else SECTIONS
    assert re.findall(r"^### (.+)$", document["description"], re.MULTILINE) == sections
    parts = re.split(r"^### .+$", document["description"], flags=re.MULTILINE)[1:]
    assert all(part.strip() for part in parts), "each section says something"


@pytest.mark.parametrize("path", [*RUNBOOKS, *COMMANDS], ids=name)
def test_parameters_are_described_constrained_and_used(path: Path) -> None:
    document = content(path)
    text = json.dumps(document["mainSteps"]) + str(document.get("assumeRole", ""))
    for parameter, definition in document.get("parameters", {}).items():
        assert re.fullmatch(r"[A-Za-z0-9]+", parameter)
        optional = "default" in definition
        assert definition["description"].startswith("(Optional) " if optional else "(Required) "), parameter
        constrained = "allowedPattern" in definition or "allowedValues" in definition
        assert constrained or definition["type"] != "String", f"{parameter} takes any text"
        uses = ("{{ " + parameter + " }}" in text) or (f"SSM_{parameter}" in text)
        assert uses, f"{parameter} is never used"


@pytest.mark.parametrize("path", COMMANDS, ids=name)
def test_command_parameters_reach_the_script_as_data_alone(path: Path) -> None:
    document = content(path)
    script = script_of(document)
    assert REFERENCE.findall(script) == [], "no {{ }} in shell text"
    for parameter, definition in document.get("parameters", {}).items():
        assert definition["interpolationType"] == "ENV_VAR"
        assert definition["allowedPattern"].startswith("^")
        # Read once, quoted, and failing when the agent is too old to set it.
        reads = re.findall(rf'"\$\{{SSM_{parameter}(:?\?)', script)
        assert len(reads) == len(re.findall(rf"SSM_{parameter}\b", script)) == 1, parameter
        may_be_empty = definition.get("default") == ""
        assert reads == ["?"] if may_be_empty else reads == [":?"], f"{parameter}: empty text is {may_be_empty}"


@pytest.mark.parametrize("path", COMMANDS, ids=name)
def test_command_documents_have_one_bounded_step_that_is_a_strict_bash_script(path: Path) -> None:
    document = content(path)
    assert [step["action"] for step in document["mainSteps"]] == ["aws:runShellScript"]
    step = document["mainSteps"][0]
    assert re.fullmatch(r"\w+", step["name"])
    assert set(step) == {"name", "action", "inputs"}, "the agent reads control flow from inputs only"
    assert 5 <= int(step["inputs"]["timeoutSeconds"]) <= 172800
    lines = script_of(document).splitlines()
    assert lines[0] == "#!/bin/bash"
    assert lines[1] == "set -euo pipefail"


@pytest.mark.parametrize("path", COMMANDS, ids=name)
def test_command_scripts_end_with_one_json_object(path: Path) -> None:
    last = [line for line in script_of(content(path)).splitlines() if line.strip()][-1]
    assert last.startswith("result ") or "seed.out" in last, last


@pytest.mark.parametrize("path", COMMANDS, ids=name)
def test_scripts_pass_bash_and_shellcheck(path: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text(script_of(content(path)), encoding="utf-8")
    for command in (["bash", "-n"], [str(Path(sys.executable).with_name("shellcheck")), "--shell=bash"]):
        ended = subprocess.run([*command, str(script)], check=False, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("path", RUNBOOKS, ids=name)
def test_runbooks_take_a_stack_and_run_as_a_role(path: Path) -> None:
    document = content(path)
    assert document["assumeRole"] == "{{ AutomationAssumeRole }}"
    assert "StackName" in document["parameters"]
    assert "default" not in document["parameters"]["StackName"]
    assert document["mainSteps"][0]["name"] == "findStack"


@pytest.mark.parametrize("path", RUNBOOKS, ids=name)
def test_every_step_of_a_runbook_is_bounded_and_described(path: Path) -> None:
    for step in steps_of(content(path)):
        assert step["description"], step["name"]
        if step["action"] not in {"aws:branch", "aws:sleep"}:
            assert 0 < int(step["timeoutSeconds"]) <= 3660, step["name"]
        if step["action"] == "aws:runCommand":
            assert 30 <= step["inputs"]["TimeoutSeconds"] <= 300, f"{step['name']}: delivery"


@pytest.mark.parametrize("path", RUNBOOKS, ids=name)
def test_called_documents_exist_and_take_what_they_are_given(path: Path) -> None:
    library = {name(other): other for other in ALL}
    for step in steps_of(content(path)):
        called = step["inputs"].get("DocumentName")
        if called is None:
            continue
        parameters = content(library[called]).get("parameters", {})
        given = step["inputs"].get("Parameters", step["inputs"].get("RuntimeParameters", {}))
        assert set(given) <= set(parameters), step["name"]
        required = {key for key, definition in parameters.items() if "default" not in definition}
        assert required <= set(given), step["name"]
        for key, values in given.items():
            for value in values if isinstance(values, list) else [values]:
                pattern = parameters[key].get("allowedPattern")
                if pattern and not REFERENCE.search(value):
                    assert re.search(pattern, value), f"{step['name']}: {key}"


@pytest.mark.parametrize("path", RUNBOOKS, ids=name)
def test_undoing_is_armed_on_failure_and_on_cancellation_alike(path: Path) -> None:
    steps = content(path)["mainSteps"]
    for step in steps:
        failure = str(step.get("onFailure", ""))
        if not failure.startswith("step:"):
            continue
        target = failure.removeprefix("step:")
        assert target.startswith("undo"), "an undo is named so, and render.py leaves it unpinned"
        assert step["isCritical"] is True, f"{step['name']}: a run that had to undo has failed"
        assert "isEnd" not in step, f"{step['name']}: whether isEnd or onFailure wins is documented nowhere"
        assert step.get("onCancel") in {failure, "Abort"}, step["name"]


@pytest.mark.parametrize("path", RUNBOOKS, ids=name)
def test_no_secret_passes_through_a_runbook(path: Path) -> None:
    text = json.dumps(content(path)["mainSteps"])
    assert "GetSecretValue" not in text
    assert "get_secret_value" not in text
    assert "AWS-RunShellScript" not in text
