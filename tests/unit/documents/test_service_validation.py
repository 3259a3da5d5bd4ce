from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.documents import DocumentKind, ServiceRejection, validate_for_service

STEP: dict[str, Any] = {"name": "Wait", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}


def runbook(**changes: Any) -> str:
    return json.dumps({"schemaVersion": "0.3", "description": "Waits.", "mainSteps": [STEP], **changes})


def rejection(text: str, document_type: str = "Automation", document_format: str = "JSON") -> ServiceRejection:
    with pytest.raises(ServiceRejection) as refused:
        validate_for_service(text, format=document_format, document_type=document_type, name="Example")
    return refused.value


def test_a_sound_document_is_accepted_in_either_format() -> None:
    document = validate_for_service(runbook(), format="JSON", document_type="Automation", name="Example")
    assert (document.name, document.kind) == ("Example", DocumentKind.AUTOMATION)
    text = (
        'schemaVersion: "2.2"\nmainSteps:\n  - {name: Run, action: "aws:runShellScript", inputs: {runCommand: [id]}}\n'
    )
    assert validate_for_service(text, format="YAML", document_type="Command").kind is DocumentKind.COMMAND


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mainSteps": []}, 'Missing "mainSteps" in the document.'),
        ({"mainSteps": [{"action": "aws:sleep"}]}, 'Missing "name" in step detail.'),
        ({"mainSteps": [{"name": "Wait"}]}, 'Missing "action" in step detail.'),
        ({"mainSteps": [{**STEP, "name": "a-b"}]}, "StepName: a-b is invalid."),
        ({"mainSteps": [STEP, STEP]}, "Duplicate step names found in mainSteps of the document."),
        ({"mainSteps": [{**STEP, "action": "aws:nap"}]}, "Unknown action: aws:nap"),
        ({"mainSteps": [{**STEP, "nextStep": "B"}]}, 'Unknown step name: "B" in nextStep'),
        ({"mainSteps": [{**STEP, "onFailure": "step:B"}]}, 'Unknown step name: "B" in onFailure'),
        ({"mainSteps": [{**STEP, "onCancel": "step:B"}]}, 'Unknown step name: "B" in onCancel'),
        ({"mainSteps": [{**STEP, "inputs": {"Duration": "{{ X }}"}}]}, 'Parameter "X" is not declared.'),
        ({"assumeRole": "{{ Role }}"}, 'Parameter "Role" is not declared.'),
        ({"parameters": {"a_b": {"type": "String"}}}, 'Parameter name "a_b" is not alpha-numeric.'),
        ({"parameters": {"a": {"type": "Text"}}}, "Parameter type: Text is invalid."),
        ({"parameters": {"a": {}}}, 'Missing "type" in parameter definition.'),
        ({"parameters": {"a": {"type": "Integer", "default": "3"}}}, 'Wrong default value for a "Integer" parameters'),
        ({"outputs": ["Sleep.X"]}, "Unknown step name in named output: Sleep.X"),
    ],
)
def test_a_runbook_is_refused_with_the_words_of_the_service(changes: dict[str, Any], message: str) -> None:
    refused = rejection(runbook(**changes))
    assert (refused.code, refused.message) == ("InvalidDocumentContent", message)


def test_a_circle_of_steps_is_refused_with_its_trace() -> None:
    steps = [{**STEP, "name": "A"}, {**STEP, "name": "B", "nextStep": "A"}]
    assert "A -> B -> A" in rejection(runbook(mainSteps=steps)).message


def test_a_step_that_ends_and_goes_on_is_refused() -> None:
    steps = [{**STEP, "isEnd": True, "nextStep": "B"}, {**STEP, "name": "B"}]
    assert rejection(runbook(mainSteps=steps)).message == '"isEnd == true" and nextStep should not exist in same step.'


def test_size_version_and_form_have_codes_of_their_own() -> None:
    large = rejection(runbook(description="x" * 70_000))
    assert large.code == "MaxDocumentSizeExceeded"
    assert rejection(runbook(schemaVersion="0.4")).code == "InvalidDocumentSchemaVersion"
    assert rejection(runbook(), document_type="Command").code == "InvalidDocumentSchemaVersion"
    broken = rejection("{")
    assert (broken.code, broken.message[:20]) == ("InvalidDocumentContent", "JSON not well-formed")
    assert rejection("a: [", document_format="YAML").message.startswith("YAML not well-formed")


def test_the_service_never_reads_files() -> None:
    assert rejection("a: !file /etc/hostname", document_format="YAML").code == "InvalidDocumentContent"


def test_content_that_is_not_for_systems_manager_to_run_is_only_kept() -> None:
    calendar = "BEGIN:VCALENDAR\nEND:VCALENDAR\n"
    document = validate_for_service(calendar, format="TEXT", document_type="ChangeCalendar", name="Calendar")
    assert document.kind is DocumentKind.OTHER
    assert rejection(" ", document_type="ChangeCalendar", document_format="TEXT").code == "InvalidDocumentContent"
