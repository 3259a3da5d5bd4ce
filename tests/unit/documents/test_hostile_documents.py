"""Documents made to keep the checker busy: each is answered, however it was built."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.documents import load_text
from rehearsal.documents.lint.run import check_document
from rehearsal.documents.registry import document_rules

LONG = 50_000


def runbook(**changes: Any) -> dict[str, Any]:
    step = {"name": "A", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}
    return {"schemaVersion": "0.3", "description": "x", "mainSteps": [step], **changes}


def script(text: str) -> dict[str, Any]:
    step = {"name": "A", "action": "aws:runShellScript", "inputs": {"timeoutSeconds": 60, "runCommand": [text]}}
    return {"schemaVersion": "2.2", "description": "x", "mainSteps": [step]}


def python(text: str) -> dict[str, Any]:
    inputs = {"Runtime": "python3.12", "Handler": "h", "Script": text}
    return runbook(mainSteps=[{"name": "A", "action": "aws:executeScript", "inputs": inputs}])


HOSTILE = {
    "spaces in a heading": runbook(description="# " + " " * LONG + "x"),
    "empty lines in a script": script("echo a\n" + "\n" * LONG + "echo b"),
    "spaces in a line": script("x;" + " " * LONG + "exit"),
    "braces": runbook(description="{{" * LONG, assumeRole="{{ " * 10_000),
    "a pattern that explodes": runbook(
        parameters={"P": {"type": "String", "allowedPattern": "^(a+)+$", "default": "a" * 60 + "!"}}
    ),
    "a pattern in groups": runbook(parameters={"P": {"type": "String", "allowedPattern": "(" * 9000 + ")" * 9000}}),
    "Python in brackets": python("x = " + "(" * 5000 + ")" * 5000),
    "Python in signs": python("x = " + "-" * 20_000 + "1"),
    "a selector": runbook(
        mainSteps=[
            {
                "name": "A",
                "action": "aws:sleep",
                "inputs": {},
                "outputs": [{"Name": "x", "Selector": "$[?(" + "(" * 900}],
            }
        ]
    ),
    "a list for a document's name": runbook(
        mainSteps=[{"name": "A", "action": "aws:runCommand", "inputs": {"DocumentName": []}}]
    ),
    "many steps in a row": runbook(
        mainSteps=[{"name": f"S{n}", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}} for n in range(3000)]
    ),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_is_answered(content: dict[str, Any]) -> None:
    findings = check_document(load_text(json.dumps(content), name="Hostile", format="JSON"), document_rules())
    assert all(finding.message for finding in findings)
