"""Hostile values on real hosts: what gets past the service's checks is sent, and nothing runs that nobody wrote.

Which values those are, and why no harm comes of each, is in tests/contract/hostile.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from rehearsal.documents import load_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.rehearsal.conftest import Rehearsal

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = ROOT / "tests" / "contract" / "hostile"
CANARY = "/run/hostile-canary"
PATIENCE_SECONDS = 240
ENDED = frozenset({"Success", "Failed", "TimedOut", "Cancelled"})
# Where each document that a value gets into belongs.
DATABASE_DOCUMENTS = frozenset(
    {
        "FlaskOps-BackupDatabaseOnHost",
        "FlaskOps-BootstrapDatabase",
        "FlaskOps-RestoreDatabaseOnHost",
        "FlaskOps-SetDatabasePassword",
    }
)


def values_of(definition: Mapping[str, Any]) -> dict[str, str]:
    specification = importlib.util.spec_from_file_location("hostile_on_hosts", HOSTILE / "hostile_values.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    registry = yaml.safe_load((ROOT / "ssm_documents" / "patterns.yaml").read_text(encoding="utf-8"))
    found: dict[str, str] = module.hostile_values(module.good_value(definition, registry), CANARY)
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
