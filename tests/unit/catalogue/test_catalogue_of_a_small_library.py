"""The catalogue of a library of two documents and one template: what is on a page, and where it comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from rehearsal.catalogue import CatalogueError, catalogue, read_sources
from rehearsal.catalogue.measured import record, rows

if TYPE_CHECKING:
    from pathlib import Path

RUNBOOK: dict[str, Any] = {
    "schemaVersion": "0.3",
    "description": "### What it does\nTurns it off: and on.\n### When to run it\nWhen it hangs.\n### Impact\nNone.",
    "assumeRole": "{{ Role }}",
    "parameters": {
        "Name": {"type": "String", "description": "(Required) Which.", "allowedPattern": "^[a-z]+$"},
        "Mode": {
            "type": "String",
            "description": "(Optional) How.",
            "default": "soft",
            "allowedValues": ["soft", "hard"],
        },
        "Role": {"type": "AWS::IAM::Role::Arn", "description": "(Optional) As whom.", "default": ""},
    },
    "mainSteps": [
        {
            "name": "turn",
            "action": "aws:runCommand",
            "description": "Turns it.",
            "timeoutSeconds": 120,
            "onFailure": "step:undoTurn",
            "onCancel": "step:undoTurn",
            "isCritical": True,
            "inputs": {"DocumentName": "TurnOnHost", "InstanceIds": ["i-1"], "Parameters": {}},
        },
        {
            "name": "ask",
            "action": "aws:executeScript",
            "inputs": {
                "Runtime": "python3.11",
                "Handler": "ask",
                "Script": 'def ask(events, context):\n  return say()\ndef say():\n  return "run Look"\n'
                'def never():\n  return "run Unnamed"\n',
            },
            "isEnd": True,
        },
        {"name": "undoTurn", "action": "aws:sleep", "description": "Turns it back.", "inputs": {"Duration": "PT1S"}},
    ],
    "outputs": ["turn.Output"],
}
LOOK: dict[str, Any] = {
    "schemaVersion": "0.3",
    "description": "### What it does\nLooks.",
    "mainSteps": [{"name": "wait", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
}
COMMAND: dict[str, Any] = {
    "schemaVersion": "2.2",
    "description": "### What it does\nTurns.\n### Impact\nSome.",
    "mainSteps": [
        {"name": "turn", "action": "aws:runShellScript", "inputs": {"timeoutSeconds": "60", "runCommand": ["true"]}}
    ],
}
TEMPLATE: dict[str, Any] = {
    "Metadata": {"Library": {"Roles": {"Turner": ["Turn"]}}},
    "Resources": {
        "Turner": {"Type": "AWS::IAM::Role", "Properties": {"Description": "May turn."}},
        "Stuck": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {"AlarmName": {"Fn::Sub": "${Stack}-Stuck"}, "AlarmDescription": "It hangs. Use Turn."},
        },
        "Nightly": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "Description": {"Fn::Sub": "Turns ${Engine} at night."},
                "ScheduleExpression": {"Ref": "Night"},
                "Target": {"Input": '{"DocumentName": "Turn"}'},
            },
        },
    },
}
MEASURED: dict[str, Any] = {
    "scenario": "turn-softly",
    "runbook": "Turn",
    "passed": True,
    "status": "Success",
    "duration_seconds": 7.25,
    "requests": 2898,
    "lost": 0,
    "lost_seconds": 0.0,
    "baseline": {
        "description": "pull the plug",
        "duration_seconds": 1.0,
        "requests": 900,
        "lost": 169,
        "lost_seconds": 0.9,
    },
    "detected_after_seconds": None,
    "recovered_after_seconds": None,
    "tick_seconds": None,
    "date": "2026-11-23",
    "options": {"engine": "diesel"},
}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "library").mkdir()
    (tmp_path / "catalogue").mkdir()
    documents = {"Turn": RUNBOOK, "Look": LOOK, "TurnOnHost": COMMAND}
    for name, content in documents.items():
        (tmp_path / "library" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    patterns = {"^[a-z]+$": {"words": "small letters", "good": ["", "engine"], "bad": ["A"]}}
    (tmp_path / "library" / "patterns.yaml").write_text(yaml.safe_dump(patterns), encoding="utf-8")
    (tmp_path / "library" / "template.json").write_text(json.dumps(TEMPLATE), encoding="utf-8")
    write_groups(tmp_path, {"Turning": ["Turn"], "Looking": ["Look"]})
    return tmp_path


def write_groups(library: Path, groups: Any) -> None:
    (library / "catalogue" / "groups.yaml").write_text(yaml.safe_dump(groups, sort_keys=False), encoding="utf-8")


def pages(library: Path) -> dict[str, str]:
    return catalogue(read_sources(library, [library / "library"], library / "catalogue"))


def test_a_page_says_how_to_start_and_what_parameters_take(library: Path) -> None:
    page = pages(library)["Turn.md"]
    assert "$ aws ssm start-automation-execution --document-name Turn --parameters 'Name=engine'\n" in page
    assert "| `Name` | String | required | small letters | Which. |" in page
    assert "| `Mode` | String | `soft` | `soft`, `hard` | How. |" in page
    assert "| `Role` | AWS::IAM::Role::Arn | the library's role | the ARN of a role | As whom. |" in page


def test_commands_are_those_that_scenarios_rehearse(library: Path) -> None:
    start = "$ aws ssm start-automation-execution --document-name Turn --parameters"
    scenarios = library / "scenarios"
    scenarios.mkdir()
    (scenarios / "common.yaml").write_text("steady_state: []\n")
    (scenarios / "one.yaml").write_text("runbook: Turn\nparameters: {Name: '{{ stack }}', Mode: hard}\n")
    (scenarios / "two.yaml").write_text("runbook: Turn\nparameters: {Name: other, Mode: hard}\n")
    sources = [library / "library"], library / "catalogue", scenarios
    page = catalogue(read_sources(library, *sources))["Turn.md"]
    assert page.count(start) == 2
    assert f"{start} 'Name=engine'\n{start} 'Name=engine,Mode=hard'\n" in page
    # What is empty by default and given by every scenario is needed for anything to happen.
    changed = {**RUNBOOK, "parameters": {**RUNBOOK["parameters"], "List": {"type": "String", "default": ""}}}
    (library / "library" / "Turn.json").write_text(json.dumps(changed), encoding="utf-8")
    for name in ("one", "two"):
        (scenarios / f"{name}.yaml").write_text("runbook: Turn\nparameters: {Name: x, List: 'a,b'}\n")
    page = catalogue(read_sources(library, *sources))["Turn.md"]
    assert page.count(start) == 1
    assert f"{start} 'Name=engine,List=\"a,b\"'\n" in page


def test_a_page_says_what_leads_to_it(library: Path) -> None:
    made = pages(library)
    assert "- Alarm `<Stack>-Stuck`: It hangs. Use [Turn](Turn.md)." in made["Turn.md"]
    assert "- By itself, `<Night>`: Turns \\<Engine> at night." in made["Turn.md"]
    assert "- Named by [Turn](Turn.md)." in made["Look.md"]
    assert "| `<Stack>-Stuck` | It hangs. Use Turn. | [Turn](Turn.md) |" in made["README.md"]
    assert "Called by [Turn](Turn.md). At most 1 min." in made["documents.md"]


def test_what_a_script_cannot_reach_leads_nowhere(library: Path) -> None:
    (library / "library" / "Unnamed.json").write_text(json.dumps(LOOK), encoding="utf-8")
    write_groups(library, {"All": ["Turn", "Look", "Unnamed"]})
    assert "Named by" not in pages(library)["Unnamed.md"]


def test_a_page_says_how_a_run_ends_and_what_is_undone(library: Path) -> None:
    page = pages(library)["Turn.md"]
    failed = "`FailureMessage` names the step and says why. In `turn` the step `undoTurn` follows: turns it back."
    assert f"| `Failed` | {failed} |" in page
    assert "| `Cancelled` | Somebody stopped the run. In `turn` the step `undoTurn` follows: turns it back. |" in page
    assert "Nothing is undone" in pages(library)["Look.md"]
    assert "Waiting" not in page


def test_steps_roles_and_permissions_are_the_documents_own(library: Path) -> None:
    page = pages(library)["Turn.md"]
    assert "| `turn` | Turns it. | [TurnOnHost](documents.md#turnonhost) | 2 min |" in page
    assert "| `undoTurn` | Turns it back. | `aws:sleep` | — |" in page
    assert "The role is `Turner` of the template: May turn." in page
    assert "- `ssm:SendCommand on document/TurnOnHost`" in page


def test_texts_cannot_break_a_table(library: Path) -> None:
    changed = {**RUNBOOK, "description": "### What it does\nOne | two\nthree and no more"}
    (library / "library" / "Turn.json").write_text(json.dumps(changed), encoding="utf-8")
    assert "| [Turn](Turn.md) | One \\| two three and no more | — |" in pages(library)["README.md"]


def test_what_was_measured_is_shown_beside_the_former_way(library: Path) -> None:
    (library / "catalogue" / "measurements.json").write_text(json.dumps([MEASURED]), encoding="utf-8")
    made = pages(library)
    row = "| turn-softly | diesel | Success | 7.2 s | 2,898 | 0 | 0 s | 169 in 0.9 s |  | 2026-11-23 |"
    assert row in made["Turn.md"]
    assert "The former way in turn-softly: pull the plug." in made["Turn.md"]
    assert "| 0 of 2,898 |" in made["README.md"]
    assert "No rehearsal of it has been recorded." in made["Look.md"]


def test_a_record_takes_the_place_of_the_earlier_one_and_what_fell_short_is_left_out(tmp_path: Path) -> None:
    kept, report = tmp_path / "measurements.json", tmp_path / "report.json"
    kept.write_text(json.dumps([{**MEASURED, "lost": 7}, {**MEASURED, "options": {"engine": "petrol"}}]))
    report.write_text(json.dumps({"measurements": [MEASURED, {**MEASURED, "scenario": "other", "passed": False}]}))
    assert record(kept, report) == (["turn-softly"], ["other"])
    entries = json.loads(kept.read_text())
    assert [(entry["options"]["engine"], entry["lost"]) for entry in entries] == [("diesel", 0), ("petrol", 0)]
    assert [row.options for row in rows(entries, "Turn")] == ["diesel", "petrol"]


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_a_report_without_measurements_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(CatalogueError, match="holds no measurements"):
        record(tmp_path / "measurements.json", tmp_path / "report.json")


@pytest.mark.parametrize("entry", [[], {}, {**MEASURED, "lost": "7"}, {**MEASURED, "options": None}])
def test_measurements_of_another_version_are_refused_and_nothing_is_kept(tmp_path: Path, entry: Any) -> None:
    (tmp_path / "report.json").write_text(json.dumps({"measurements": [MEASURED, entry]}))
    with pytest.raises(CatalogueError, match=r"report\.json: measurement 2 is"):
        record(tmp_path / "measurements.json", tmp_path / "report.json")
    assert not (tmp_path / "measurements.json").exists()


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ({"One": ["Turn"]}, "does not name Look"),
        ({"One": ["Turn", "Look", "Turn"]}, "names Turn twice"),
        ({"One": ["Turn", "Look", "TurnOnHost"]}, "TurnOnHost, which is no runbook"),
        (["Turn"], "no mapping"),
    ],
)
def test_groups_name_each_runbook_once(library: Path, groups: Any, reason: str) -> None:
    write_groups(library, groups)
    with pytest.raises(CatalogueError, match=reason):
        pages(library)


def test_a_document_that_cannot_be_read_is_named(library: Path) -> None:
    (library / "library" / "Broken.yaml").write_text("schemaVersion: '0.3'\nmainSteps: [", encoding="utf-8")
    with pytest.raises(CatalogueError, match="Broken"):
        pages(library)
