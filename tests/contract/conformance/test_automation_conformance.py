"""Every case: a small document, started through boto3, and what the reference says has to come of it."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from case_files import Case
    from conftest import Account


def _cases() -> list[Any]:
    spec = importlib.util.spec_from_file_location("case_files", Path(__file__).with_name("case_files.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["case_files"] = module
    spec.loader.exec_module(module)
    return list(module.all_cases())


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.id)
def test_statement(account: Account, case: Case) -> None:
    names = {key: account.new_name() for key in ["name", *case.more]}
    facts = _prepare(account, case, names)
    try:
        for key, content in case.more.items():
            account.create(_filled(content, facts), names[key])
        if case.document:
            account.create(_filled(case.document, facts), names["name"], **case.create)
        execution = _run(account, case, facts)
    except ClientError as error:
        answer, expected = error.response["Error"], _filled(case.expect, facts)
        assert answer["Code"] == expected.get("error"), answer
        assert re.search(expected.get("error_message", ""), answer["Message"]), answer["Message"]
        return
    expected = _filled(case.expect, facts)
    assert "error" not in expected, f"no error, but {execution}"
    _compare(account, execution, expected)


def _prepare(account: Account, case: Case, names: dict[str, str]) -> dict[str, str]:
    caller = "arn:aws:iam::123456789012:user/administrator"  # who the endpoint takes a key for that IAM never issued
    facts = {**names, "account": "123456789012", "region": "eu-central-1", "caller": caller}
    for entry in case.setup:
        call = _filled(entry, facts)
        if "host" in call:
            facts["host"] = account.new_host()
            continue
        answer = getattr(account.client(call["service"]), call["call"])(**call.get("with", {}))
        for fact, path in call.get("keep", {}).items():
            value = answer
            for part in path.split("."):
                value = value[int(part) if part.isdigit() else part]
            facts[fact] = value
    return facts


def _run(account: Account, case: Case, facts: dict[str, str]) -> dict[str, Any]:
    request = {"DocumentName": facts["name"], "Parameters": case.given} | case.start
    request = {key: value for key, value in _filled(request, facts).items() if value}
    ssm = account.client("ssm")
    execution_id = ssm.start_automation_execution(**request)["AutomationExecutionId"]
    facts["execution"] = execution_id
    for entry in case.do:
        _act(account, execution_id, _filled(entry, facts), facts)
    return account.finish(execution_id)


def _act(account: Account, execution_id: str, entry: dict[str, Any], facts: dict[str, str]) -> None:
    ssm = account.client("ssm")
    if "until" in entry:
        wanted = entry["until"]
        execution = account.wait(execution_id, lambda execution: _is_at(execution, wanted))
        shown = {step["StepName"]: step.get("StepExecutionId", "") for step in execution["StepExecutions"]}
        facts.update({f"id_{name}": value for name, value in shown.items()})
    elif "children" in entry:
        # A step is InProgress before its child exists: who stops the parent then has no child to look at.
        account.wait(execution_id, lambda _: account.children(execution_id) == entry["children"])
    elif "stop" in entry:
        ssm.stop_automation_execution(AutomationExecutionId=execution_id, Type=entry["stop"])
    elif "signal" in entry:
        payload = {"Payload": entry["payload"]} if "payload" in entry else {}
        ssm.send_automation_signal(AutomationExecutionId=execution_id, SignalType=entry["signal"], **payload)
    elif "again" in entry:
        request = {"DocumentName": facts["name"]} | entry["again"]
        assert ssm.start_automation_execution(**request)["AutomationExecutionId"] == execution_id


def _is_at(execution: dict[str, Any], wanted: dict[str, str]) -> bool:
    steps = {step["StepName"]: step["StepStatus"] for step in execution["StepExecutions"]}
    return all(
        execution["AutomationExecutionStatus"] == status if name == "execution" else steps.get(name) == status
        for name, status in wanted.items()
    )


def _compare(account: Account, execution: dict[str, Any], expected: dict[str, Any]) -> None:
    shown = execution["StepExecutions"]
    by_name = {step["StepName"]: step for step in shown}
    why = json.dumps(execution, default=str)[:3000]
    assert execution["AutomationExecutionStatus"] == expected.get("status", "Success"), why
    if "ran" in expected:
        assert " ".join(step["StepName"] for step in shown if step["StepStatus"] != "Pending") == expected["ran"], why
    if "message" in expected:
        assert re.search(expected["message"], execution.get("FailureMessage", ""), re.DOTALL), why
    for key, value in expected.get("execution", {}).items():
        assert execution.get(key) == value, f"{key} in {why}"
    for name, members in expected.get("steps", {}).items():
        for key, value in members.items():
            assert by_name[name].get(key) == value, f"{key} of {name} is {by_name[name].get(key)!r}"
    for name, pattern in expected.get("messages", {}).items():
        assert re.search(pattern, by_name[name].get("FailureMessage", ""), re.DOTALL), by_name[name]
    if "children" in expected:
        execution_id = execution["AutomationExecutionId"]
        # A cancelled parent does not wait for its children, which end on their own.
        account.wait(execution_id, lambda _: set(account.children(execution_id)) <= account.final)
        assert account.children(execution_id) == expected["children"]
    if "inner" in expected:
        _compare_inner(account, execution["AutomationExecutionId"], expected["inner"])


def _compare_inner(account: Account, execution_id: str, expected: list[str]) -> None:
    steps = account.client("ssm").describe_automation_step_executions(AutomationExecutionId=execution_id)[
        "StepExecutions"
    ]
    told = [
        f"{step['StepName']} {step['ParentStepDetails']['Iteration']}"
        + (f" {step['ParentStepDetails']['IteratorValue']}" if "IteratorValue" in step["ParentStepDetails"] else "")
        + f" {step['StepStatus']}"
        for step in steps
        if "ParentStepDetails" in step
    ]
    assert told == expected


def _filled(value: Any, facts: dict[str, str]) -> Any:
    if isinstance(value, str):
        for fact, text in facts.items():
            value = value.replace(f"<{fact}>", str(text))
        return value
    if isinstance(value, dict):
        return {_filled(key, facts): _filled(entry, facts) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, facts) for entry in value]
    return value
