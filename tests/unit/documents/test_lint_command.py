"""What a user of ``lint`` meets: inputs of every kind, reports of every kind, exit codes, exceptions with reasons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from rehearsal.documents.commands import lint
from rehearsal.documents.registry import all_rules

GOOD = """\
schemaVersion: "0.3"
description: Waits.
mainSteps:
  - name: Wait
    action: aws:sleep
    inputs:
      Duration: PT1S
"""
UNUSED = """\
schemaVersion: "0.3"
description: Waits.
parameters:
  Reason:
    type: String
    description: Why.
mainSteps:
  - name: Wait
    action: aws:sleep
    inputs:
      Duration: PT1S
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(lint, [str(argument) for argument in arguments])


def report(*arguments: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("--format", "json", *arguments).output)
    return found


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_text_shows_the_line_and_a_caret_below_the_place(tmp_path: Path) -> None:
    path = write(tmp_path / "Bad.yaml", GOOD.replace("aws:sleep", "aws:slep"))
    result = run(path)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0] == f'{path}:5:13: error A006: Automation has no action "aws:slep": did you mean "aws:sleep"?'
    assert lines[1] == "  5 |     action: aws:slep"
    assert lines[2] == "    |             ^"
    assert lines[-1] == "1 document: 1 error, 0 warnings"


def test_warnings_alone_do_not_fail(tmp_path: Path) -> None:
    result = run(write(tmp_path / "Wait.yaml", UNUSED))
    assert (result.exit_code, "warning A029" in result.output) == (0, True)


def test_wrong_usage_has_a_code_of_its_own(tmp_path: Path) -> None:
    assert run(tmp_path / "missing.yaml").exit_code == 2
    assert run().exit_code == 2
    assert "no SSM document" in run(tmp_path).output
    assert run(tmp_path).exit_code == 2
    path = write(tmp_path / "Wait.yaml", GOOD)
    assert run("--only", "X999", path).exit_code == 2
    assert run("--format", "xml", path).exit_code == 2


def test_a_folder_is_searched_for_documents_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "automation" / "Wait.yaml", GOOD)
    write(tmp_path / "automation" / "Json.json", json.dumps({"schemaVersion": "0.3", "mainSteps": []}))
    write(tmp_path / "compose.yaml", "services: {web: {image: x}}\n")
    write(tmp_path / "broken-config.yaml", "a: [\n")
    write(tmp_path / "broken-document.yaml", 'schemaVersion: "0.3"\nmainSteps: [\n')
    write(tmp_path / "node_modules" / "Skipped.yaml", 'schemaVersion: "9"\n')
    found = report(tmp_path)
    assert found["documents"] == 2
    places = {(Path(finding["path"]).name, finding["rule"]) for finding in found["findings"]}
    assert places == {("Json.json", "A001"), ("Json.json", "L003"), ("broken-document.yaml", "L001")}


def test_a_file_that_is_named_is_a_document_whatever_it_holds(tmp_path: Path) -> None:
    found = report(write(tmp_path / "list.yaml", "- 1\n"))
    assert [(finding["rule"], finding["where"]) for finding in found["findings"]] == [("L001", "1:1")]


def test_documents_in_a_template_are_checked_at_their_own_lines(tmp_path: Path) -> None:
    template = """\
Parameters: {Prefix: {Type: String}}
Resources:
  Bucket: {Type: AWS::S3::Bucket}
  Restart:
    Type: AWS::SSM::Document
    Properties:
      Name: !Sub "${Prefix}-Restart"
      UpdateMethod: NewVersion
      Content:
        schemaVersion: "0.3"
        description: !Sub "Restarts ${Prefix}."
        assumeRole: !GetAtt Role.Arn
        mainSteps:
          - name: Wait
            action: aws:sleep
            inputs: {Duration: !Ref Duration}
          - name: Again
            action: aws:slep
            inputs: {Duration: PT1S}
"""
    found = report(write(tmp_path / "template.yaml", template))
    assert found["documents"] == 1
    finding = found["findings"][0]
    assert (finding["document"], finding["rule"]) == ("${Prefix}-Restart", "A006")
    assert finding["where"] == "18:21 mainSteps.Again.action"
    assert len(found["findings"]) == 1


def test_nothing_is_said_of_what_only_a_deployment_knows(tmp_path: Path) -> None:
    template = """\
Resources:
  Computed:
    Type: AWS::SSM::Document
    Properties:
      Content:
        schemaVersion: "0.3"
        description: !Ref Description
        parameters:
          Size: {type: !Ref Type, default: !Ref Default, description: x}
        mainSteps:
          - !Ref Step
          - {name: !Ref Name, action: !Ref Action, inputs: !Ref Inputs}
          - name: Stop
            action: aws:changeInstanceState
            onFailure: !Sub "step:${Target}"
            isEnd: !Ref End
            inputs: {InstanceIds: !Ref Instances, DesiredState: !Sub "${State} {{ Size }}"}
            outputs: !Ref Outputs
  Included:
    Type: AWS::SSM::Document
    Properties:
      Content: {Fn::Transform: {Name: "AWS::Include", Parameters: {Location: s3://x}}}
"""
    found = report(write(tmp_path / "template.yaml", template))
    assert (found["documents"], found["errors"]) == (1, 0)


def test_content_given_as_text_is_read_in_its_format(tmp_path: Path) -> None:
    properties = {"Name": "Example", "UpdateMethod": "NewVersion", "DocumentFormat": "YAML", "Content": GOOD}
    resource = {"Type": "AWS::SSM::Document", "Properties": properties}
    path = tmp_path / "template.json"
    path.write_text(json.dumps({"Resources": {"Document": resource}}))
    assert report(path) == {"documents": 1, "errors": 0, "warnings": 0, "findings": []}
    properties["Content"] = GOOD.replace("aws:sleep", "aws:slep")
    path.write_text(json.dumps({"Resources": {"Document": resource}}))
    assert [finding["rule"] for finding in report(path)["findings"]] == ["A006"]
    del properties["DocumentFormat"]
    path.write_text(json.dumps({"Resources": {"Document": resource}}))
    assert {finding["rule"] for finding in report(path)["findings"]} == {"L001", "L013"}


def test_findings_in_included_scripts_name_the_script(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    script = write(tmp_path / "scripts" / "run.py", "def handler(events, context):\n    return (\n")
    document = GOOD + "  - name: Run\n    action: aws:executeScript\n    inputs:\n"
    document += "      Runtime: python3.12\n      Handler: handler\n      Script: !file ../scripts/run.py\n"
    found = report(write(tmp_path / "automation" / "Run.yaml", document))
    finding = next(finding for finding in found["findings"] if finding["rule"] == "A021")
    assert Path(finding["path"]) == script
    assert finding["where"].startswith("2:")


def test_sarif_keeps_its_schema_where_it_matters(tmp_path: Path) -> None:
    sarif = json.loads(run("--format", "sarif", write(tmp_path / "Wait.yaml", UNUSED)).output)
    shape = {
        "type": "object",
        "required": ["version", "runs", "$schema"],
        "properties": {
            "version": {"const": "2.1.0"},
            "runs": {"items": {"required": ["tool", "results"], "properties": {"results": {"minItems": 1}}}},
        },
    }
    jsonschema.validate(sarif, shape)
    sarif_run = sarif["runs"][0]
    result = sarif_run["results"][0]
    assert sarif_run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "A029"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 4, "startColumn": 3}
    assert len(sarif_run["tool"]["driver"]["rules"]) == len(all_rules())


@pytest.mark.parametrize(
    ("comment", "rules"),
    [
        ("  # lint: ignore A029 kept for old callers\n  Reason:", []),
        ("  Reason: # lint: ignore A029 kept for old callers", []),
        ("  # lint: ignore A029\n  Reason:", ["A029", "L006"]),
        ("  # lint: ignore\n  Reason:", ["A029", "L006"]),
        ("  # lint: ignore A999 no such rule\n  Reason:", ["A029", "L006"]),
        ("  # lint: ignore A010 of another rule\n  Reason:", ["A029", "L006"]),
    ],
)
def test_an_exception_needs_a_rule_and_a_reason_and_an_effect(tmp_path: Path, comment: str, rules: list[str]) -> None:
    found = report(write(tmp_path / "Wait.yaml", UNUSED.replace("  Reason:", comment)))
    assert sorted(finding["rule"] for finding in found["findings"]) == rules


def test_an_exception_above_the_first_key_covers_the_document_and_one_above_a_step_the_step(tmp_path: Path) -> None:
    text = f"# lint: ignore A029 a template to fill in\n{UNUSED}"
    assert report(write(tmp_path / "Wait.yaml", text))["findings"] == []
    step = UNUSED.replace("  - name: Wait\n", "  # lint: ignore A029 not about this\n  - name: Wait\n")
    assert {finding["rule"] for finding in report(write(tmp_path / "Wait.yaml", step))["findings"]} == {"A029", "L006"}


def test_in_awss_own_documents_only_what_the_service_refuses_is_an_error(tmp_path: Path) -> None:
    unknown_input = GOOD.replace("      Duration: PT1S\n", "      Duration: PT1S\n      Reason: none\n")
    own, awss = write(tmp_path / "Own-Wait.yaml", unknown_input), write(tmp_path / "AWS-Wait.yaml", unknown_input)
    assert [finding["level"] for finding in report("--only", "A007", own)["findings"]] == ["error"]
    assert [finding["level"] for finding in report("--only", "A007", awss)["findings"]] == ["warning"]
    refused = write(tmp_path / "AWS-Twice.yaml", GOOD + GOOD[GOOD.index("  - name") :])
    assert [finding["level"] for finding in report("--only", "A005", refused)["findings"]] == ["error"]


def test_only_and_skip_choose_rules(tmp_path: Path) -> None:
    path = write(tmp_path / "Wait.yaml", UNUSED)
    assert report("--skip", "A029", path)["findings"] == []
    assert report("--only", "A010", path)["findings"] == []
    assert len(report("--only", "A029", path)["findings"]) == 1


def test_many_documents_in_several_processes_give_the_same_answer(tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path / f"Wait{number:02}.yaml", UNUSED if number % 2 else GOOD)
    alone, together = report("--jobs", "1", tmp_path), report("--jobs", "3", tmp_path)
    assert alone == together
    assert (alone["documents"], alone["warnings"]) == (30, 15)


def test_a_value_in_a_script_is_said_to_be_read_as_its_shell_reads_it(tmp_path: Path) -> None:
    for action, reading in (("runShellScript", '"${SSM_Unit:?}"'), ("runPowerShellScript", "$env:SSM_Unit")):
        step = {"name": "Run", "action": f"aws:{action}", "inputs": {"runCommand": ["restart {{ Unit }}"]}}
        content = {"schemaVersion": "2.2", "parameters": {"Unit": {"type": "String"}}, "mainSteps": [step]}
        path = tmp_path / f"{action}.json"
        path.write_text(json.dumps(content))
        assert f"ENV_VAR and read {reading}\n" in run("--only", "C007", path).output


@pytest.mark.parametrize(("rule", "command"), [("C007", "tell {{ Note }}"), ("C008", 'tell "$SSM_Note"')])
@pytest.mark.parametrize(("default", "reading"), [("", "${SSM_Note?"), ("all", "${SSM_Note:?")])
def test_a_value_that_may_be_empty_is_not_advised_to_be_read_as_one_that_may_not(
    tmp_path: Path, rule: str, command: str, default: str, reading: str
) -> None:
    note = {"type": "String", "default": default}
    if rule == "C008":
        note["interpolationType"] = "ENV_VAR"
    step = {"name": "Run", "action": "aws:runShellScript", "inputs": {"runCommand": [command]}}
    content = {"schemaVersion": "2.2", "parameters": {"Note": note}, "mainSteps": [step]}
    path = write(tmp_path / "Tell.json", json.dumps(content))
    assert [reading in finding["message"] for finding in report("--only", rule, path)["findings"]] == [True]
