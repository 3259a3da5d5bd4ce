"""Hostile values on real hosts: what gets past the service's checks is sent, and nothing runs that nobody wrote.

Which values those are, and why no harm comes of each, is in tests/contract/hostile.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from rehearsal.documents import load_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from tests.rehearsal.conftest import Rehearsal

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = ROOT / "tests" / "contract" / "hostile"
CANARY = "/run/hostile-canary"
PATIENCE_SECONDS = 240
# Every way out of a word at once: arithmetic, quotes of either kind, substitutions, a line of its own.
TOUCH = f"touch {CANARY}"
EVERYTHING = f"SECONDS[$({TOUCH})]+\"; {TOUCH}; \"$({TOUCH})`{TOUCH}`'; {TOUCH}; '\n{TOUCH}\n"
# What the values made in the database server: an account for a host of that name, a schema.
SWEEP = """
client=$(command -v mariadb || command -v mysql)
$client --skip-column-names --raw <<'END' | $client
SELECT CONCAT('DROP USER ', QUOTE(user), '@', QUOTE(host), ';') FROM mysql.user WHERE host LIKE '%hostile%';
SELECT CONCAT('DROP DATABASE `', REPLACE(schema_name, '`', '``'), '`;') FROM information_schema.schemata
  WHERE schema_name LIKE '%hostile%';
END
"""
ENDED = frozenset({"Success", "Failed", "TimedOut", "Cancelled"})
# Where each document that a value gets into belongs.
DATABASE_DOCUMENTS = frozenset(
    {
        "FlaskOps-BackupDatabaseOnHost",
        "FlaskOps-BootstrapDatabase",
        "FlaskOps-InspectDatabaseHost",
        "FlaskOps-RestartDatabaseOnHost",
        "FlaskOps-RestoreDatabaseOnHost",
        "FlaskOps-SetDatabasePassword",
    }
)


@cache
def hostile() -> ModuleType:
    specification = importlib.util.spec_from_file_location("hostile_on_hosts", HOSTILE / "hostile_values.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


def good_value(definition: Mapping[str, Any]) -> str:
    registry = yaml.safe_load((ROOT / "ssm_documents" / "patterns.yaml").read_text(encoding="utf-8"))
    return str(hostile().good_value(definition, registry))


def values_of(definition: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = hostile().hostile_values(good_value(definition), CANARY)
    return found


@pytest.fixture(scope="module")
def accepted() -> Mapping[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((HOSTILE / "accepted.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def stack_values(rehearsal: Rehearsal) -> Mapping[str, str]:
    """What runbooks give command documents on this stack, so that a script gets as far as it can."""
    cloudformation = rehearsal.client("cloudformation")
    [stack] = cloudformation.describe_stacks(StackName=rehearsal.stack)["Stacks"]
    parameters = {entry["ParameterKey"]: entry.get("ParameterValue", "") for entry in stack["Parameters"]}
    outputs = rehearsal.outputs()
    [bucket] = [
        export["Value"] for export in cloudformation.list_exports()["Exports"] if export["Name"] == "FlaskOps-Bucket"
    ]
    return {
        **parameters,
        "AllowedHost": parameters["DatabaseAllowedHost"],
        "SecretArn": outputs["DatabaseSecretArn"],
        "DatabaseHost": outputs["PrivateInstancePrivateIp"],
        "DataVolumeId": outputs["DatabaseVolumeId"],
        "Bucket": bucket,
        "Key": "flask-app/hostile.sql.gz",
        "Prefix": "flask-app/hostile",
        "Sha256": "0" * 64,
        "Mode": "dry-run",
        "Action": "drill",
        "KeepVersion": "0" * 32,
        "AddVersion": "1" * 32,
    }


@pytest.fixture(scope="module")
def hosts(rehearsal: Rehearsal) -> Mapping[str, str]:
    outputs = rehearsal.outputs()
    return {"web": outputs["WebInstanceId"], "database": outputs["DatabaseInstanceId"]}


@pytest.fixture(scope="module")
def restored(rehearsal: Rehearsal) -> Iterator[None]:
    """Settings that a hostile value got into are brought back for the tests after these, by the library itself."""
    yield
    ssm = rehearsal.client("ssm")
    started = ssm.start_automation_execution(
        DocumentName="FlaskOps-BootstrapStack", Parameters={"StackName": [rehearsal.stack]}
    )
    wanted = {"AutomationExecutionId": started["AutomationExecutionId"]}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (execution := ssm.get_automation_execution(**wanted)["AutomationExecution"])["AutomationExecutionStatus"] in {
        "Pending",
        "InProgress",
    }:
        assert time.monotonic() < deadline, "the stack was not restored in time"
        time.sleep(1)
    assert execution["AutomationExecutionStatus"] == "Success", execution.get("FailureMessage")


def outcome(ssm: Any, command: str, host: str) -> tuple[str, str]:
    """Status and texts of a command once it has ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        listed = ssm.list_command_invocations(CommandId=command, InstanceId=host, Details=True)["CommandInvocations"]
        if listed and listed[0]["Status"] in ENDED:
            found = ssm.get_command_invocation(CommandId=command, InstanceId=host)
            texts = [found["StandardOutputContent"], found["StandardErrorContent"], json.dumps(listed[0], default=str)]
            return listed[0]["Status"], "\n".join(texts)
        assert time.monotonic() < deadline, f"{command} did not end"
        time.sleep(0.3)


def run(ssm: Any, host: str, document: str, given: Mapping[str, str]) -> str:
    parameters = {name: [value] for name, value in given.items()}
    sent = ssm.send_command(DocumentName=document, InstanceIds=[host], Parameters=parameters)
    return str(sent["Command"]["CommandId"])


def assert_no_canary(ssm: Any, hosts: Mapping[str, str]) -> None:
    for host in hosts.values():
        command = run(
            ssm, host, "AWS-RunShellScript", {"commands": f"ls {CANARY}* 2>&1; ls / /root /usr/bin | grep -i canary"}
        )
        _, text = outcome(ssm, command, host)
        assert "No such file" in text
        assert "canary\n" not in text


def test_the_canary_would_be_seen(rehearsal: Rehearsal, hosts: Mapping[str, str]) -> None:
    """The proof below can fail: a value that is a program's text does make the file."""
    ssm, host = rehearsal.client("ssm"), hosts["web"]
    outcome(ssm, run(ssm, host, "AWS-RunShellScript", {"commands": f"touch {CANARY}"}), host)
    with pytest.raises(AssertionError):
        assert_no_canary(ssm, hosts)
    outcome(ssm, run(ssm, host, "AWS-RunShellScript", {"commands": f"rm {CANARY}"}), host)
    assert_no_canary(ssm, hosts)


def test_what_only_the_agent_refuses_runs_no_step(
    rehearsal: Rehearsal, hosts: Mapping[str, str], accepted: Mapping[str, Any], stack_values: Mapping[str, str]
) -> None:
    ssm = rehearsal.client("ssm")
    ssm.put_parameter(Name="hostile", Type="String", Value=f"$(touch {CANARY})", Overwrite=True)
    sent = []
    for path in sorted((ROOT / "ssm_documents" / "command").glob("*.yaml")):
        declared = load_document(path).content.get("parameters", {})
        for parameter in list(declared)[:1]:
            rest = {
                name: stack_values[name]
                for name, definition in declared.items()
                if "default" not in definition and name in stack_values
            }
            for name in accepted["refused_by_the_agent"]:
                value = values_of(declared[parameter])[name]
                try:
                    command = run(ssm, hosts["web"], path.stem, {**rest, parameter: value})
                except ssm.exceptions.InvalidParameters:
                    continue
                sent.append((path.stem, parameter, name, command))
    assert {name for _, _, name, _ in sent} == set(accepted["refused_by_the_agent"])
    for document, parameter, name, command in sent:
        status, text = outcome(ssm, command, hosts["web"])
        assert status == "Failed", (document, parameter, name)
        assert f"Parameter value for {parameter} does not match" in text, (document, parameter, name, text)
    assert_no_canary(ssm, hosts)


@pytest.mark.usefixtures("restored")
def test_what_reaches_a_script_is_data_there(
    rehearsal: Rehearsal, hosts: Mapping[str, str], accepted: Mapping[str, Any], stack_values: Mapping[str, str]
) -> None:
    ssm = rehearsal.client("ssm")
    for document, parameters in accepted["handled_as_data"].items():
        host = hosts["database" if document in DATABASE_DOCUMENTS else "web"]
        declared = load_document(ROOT / "ssm_documents" / "command" / f"{document}.yaml").content["parameters"]
        rest = {name: stack_values[name] for name in declared if name in stack_values}
        if "Action" in rest:
            rest["Action"] = declared["Action"]["allowedValues"][0]
        for parameter, listed in parameters.items():
            for name in listed:
                value = values_of(declared[parameter])[name]
                status, text = outcome(ssm, run(ssm, host, document, {**rest, parameter: value}), host)
                assert status in {"Success", "Failed"}, (document, parameter, name, text)
                assert "unbound variable" not in text, (document, parameter, name, text)
                assert "syntax error" not in text, (document, parameter, name, text)
    assert_no_canary(ssm, hosts)


@pytest.mark.usefixtures("restored")
def test_without_their_patterns_too_scripts_take_values_as_data(
    rehearsal: Rehearsal, hosts: Mapping[str, str], stack_values: Mapping[str, str]
) -> None:
    """A pattern that lets through too much one day is no way in: the scripts themselves hold."""
    ssm = rehearsal.client("ssm")
    for path in sorted((ROOT / "ssm_documents" / "command").glob("*.yaml")):
        content = json.loads(json.dumps(load_document(path).content))
        declared = content.get("parameters", {})
        rest = {
            name: good_value(definition)
            if "allowedValues" in definition
            else stack_values.get(name) or good_value(definition)
            for name, definition in declared.items()
        }
        for definition in declared.values():
            definition.pop("allowedPattern", None)
            definition.pop("allowedValues", None)
        # Some wait for what never comes with such a value.
        content["mainSteps"][0]["inputs"]["timeoutSeconds"] = "8"
        bare = f"Bare-{path.stem}"
        ssm.create_document(Name=bare, Content=json.dumps(content), DocumentType="Command")
        host = hosts["database" if path.stem in DATABASE_DOCUMENTS else "web"]
        for parameter in declared:
            outcome(ssm, run(ssm, host, bare, {**rest, parameter: EVERYTHING}), host)
        if path.stem.startswith("FlaskOps-Bootstrap"):
            # What it wrote is what the documents after it meet.
            outcome(ssm, run(ssm, host, path.stem, rest), host)
        ssm.delete_document(Name=bare)
        assert_no_canary(ssm, {path.stem: host})
    status, text = outcome(
        ssm, run(ssm, hosts["database"], "AWS-RunShellScript", {"commands": SWEEP}), hosts["database"]
    )
    assert status == "Success", text
