"""A plan: resolved inputs, ways, effects, permissions and hosts, as text, JSON and a flow chart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from rehearsal.documents import load_text
from rehearsal.documents.commands import plan as plan_command
from rehearsal.documents.plan import Plan, PlanError, plan_runbook
from rehearsal.documents.plan.render import plan_as_json, plan_as_mermaid, render_plan
from rehearsal.documents.shapes.effects import Effect

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
schemaVersion: "0.3"
description: Resizes an instance.
parameters:
  InstanceId: {type: "AWS::EC2::Instance::Id", description: Which.}
  Size: {type: String, description: To what., default: t3.large, allowedPattern: "^t3[.][a-z]+$"}
  Others: {type: StringList, description: More., default: [i-0000000000000000a, i-0000000000000000b]}
variables:
  Kept: {type: String, default: yes-kept}
  Changed: {type: String, default: "no"}
mainSteps:
  - name: Look
    action: aws:executeAwsApi
    inputs: {Service: ec2, Api: DescribeInstances, InstanceIds: ["{{ InstanceId }}"]}
    outputs: [{Name: State, Selector: "$.Reservations[0].Instances[0].State.Name", Type: String}]
  - name: Choose
    action: aws:branch
    inputs:
      Choices:
        - {NextStep: Stop, Variable: "{{ Look.State }}", StringEquals: running}
      Default: Resize
  - name: Stop
    action: aws:changeInstanceState
    onFailure: step:Start
    onCancel: step:Start
    inputs: {InstanceIds: ["{{ Others }}", "{{ InstanceId }}"], DesiredState: stopped}
  - name: Resize
    action: aws:executeAwsApi
    inputs:
      Service: ec2
      Api: ModifyInstanceAttribute
      InstanceId: "{{ InstanceId }}"
      InstanceType: {Value: "{{ Size }} {{ variable:Kept }} {{ variable:Changed }} {{ global:REGION }}"}
  - name: Again
    action: aws:loop
    inputs:
      Iterators: [a, b]
      Steps:
        - {name: Note, action: "aws:updateVariable", inputs: {Name: "variable:Changed", Value: x}}
        - name: Run
          action: aws:runCommand
          inputs: {DocumentName: Example-Run, Targets: [{Key: "tag:Role", Values: [web, db]}]}
  - name: Start
    action: aws:changeInstanceState
    inputs: {InstanceIds: ["{{ InstanceId }}"], DesiredState: running}
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    document = load_text(TEXT, name="Resize", format="YAML")
    return plan_runbook(document, {"InstanceId": "i-00000000000000001"}, {"REGION": "eu-north-1"})


def test_inputs_are_resolved_as_far_as_they_are_known(plan: Plan) -> None:
    steps = {step.name: step for step in plan.steps}
    assert steps["Look"].inputs["InstanceIds"] == ["i-00000000000000001"]
    expected = ["i-0000000000000000a", "i-0000000000000000b", "i-00000000000000001"]
    assert steps["Stop"].inputs["InstanceIds"] == expected
    assert steps["Resize"].inputs["InstanceType"] == {"Value": "t3.large yes-kept <variable:Changed> eu-north-1"}


def test_ways_are_listed_with_their_conditions(plan: Plan) -> None:
    steps = {step.name: step for step in plan.steps}
    choice = ("choice", "<Look.State> StringEquals running", "Stop")
    assert steps["Choose"].ways == (choice, ("default", "", "Resize"))
    assert steps["Stop"].ways == (("next", "", "Resize"), ("failure", "", "Start"), ("cancel", "", "Start"))
    assert steps["Start"].ways == (("end", "", "end"),)
    assert steps["Run"].depth == 1


def test_effects_follow_the_service_and_the_verb_of_a_call(plan: Plan) -> None:
    effects = {step.name: step.effect for step in plan.steps}
    assert effects == {
        "Look": Effect.READ_ONLY,
        "Choose": Effect.READ_ONLY,
        "Stop": Effect.MUTATING,
        "Resize": Effect.MUTATING,
        "Again": Effect.MUTATING,
        "Note": Effect.MUTATING,
        "Run": Effect.UNDETERMINED,
        "Start": Effect.MUTATING,
    }


def test_permissions_and_hosts_are_those_of_the_steps(plan: Plan) -> None:
    for action in ("ec2:StopInstances", "ec2:StartInstances", "ec2:ModifyInstanceAttribute", "ec2:DescribeInstances"):
        assert action in plan.permissions
    assert "ssm:SendCommand on document/Example-Run" in plan.permissions
    assert "ec2:TerminateInstances" not in plan.permissions
    assert "tag:Role = web, db" in plan.hosts
    assert plan.hosts[0] == "i-0000000000000000a"


def test_a_plan_is_shown_as_text_json_and_flow_chart(plan: Plan) -> None:
    text = render_plan(plan)
    assert "3. Stop  aws:changeInstanceState  [mutating]" in text
    assert "on failure Start" in text
    assert json.loads(plan_as_json(plan))["steps"][1]["ways"][1] == {
        "when": "default",
        "condition": "",
        "step": "Resize",
    }
    chart = plan_as_mermaid(plan)
    assert chart.startswith("flowchart TD\n")
    assert 's2["Stop<br/><small>aws:changeInstanceState</small>"]:::mutating' in chart
    assert 's2 -.->|"on failure or cancel"| s7' in chart
    assert "finish" in chart
    assert "<Look.State>" not in chart


def test_what_would_not_start_has_no_plan() -> None:
    document = load_text(TEXT, name="Resize", format="YAML")
    assert plan_runbook(document).missing == ("InstanceId",)
    with pytest.raises(PlanError, match='has no parameter "Id"'):
        plan_runbook(document, {"Id": "i-1"})
    with pytest.raises(PlanError, match="does not match the allowedPattern"):
        plan_runbook(document, {"Size": "m5.large"})
    command = load_text('schemaVersion: "2.2"\nmainSteps: []\n', name="Run", format="YAML")
    with pytest.raises(PlanError, match="only Automation documents have a plan"):
        plan_runbook(command)


@pytest.mark.parametrize(
    ("changed", "to", "why"),
    [
        ("mainSteps:", "mainSteps: 5\nrest:", 'Missing "mainSteps"'),
        ("- name: Look\n", "- description: Nameless.\n", 'Missing "name" in step detail'),
        ("action: aws:branch", "action: aws:nap", "Unknown action: aws:nap"),
        ('schemaVersion: "0.3"\n', "", 'Missing "schemaVersion"'),
    ],
)
def test_what_the_service_would_refuse_has_no_plan(changed: str, to: str, why: str) -> None:
    assert changed in TEXT
    document = load_text(TEXT.replace(changed, to, 1), name="Resize", format="YAML")
    with pytest.raises(PlanError, match=f"(?s)Resize: CreateDocument would refuse it: .*{why}.*/rehearse lint"):
        plan_runbook(document)


@pytest.mark.parametrize("value", [None, {"a": 1}, ["t3.nano", "t3.micro"], [None]])
def test_values_of_another_type_than_the_parameters_have_no_plan(value: object) -> None:
    document = load_text(TEXT, name="Resize", format="YAML")
    with pytest.raises(PlanError, match="Size is a String"):
        plan_runbook(document, {"Size": value})


def test_a_single_value_of_a_list_is_planned_as_a_list() -> None:
    document = load_text(TEXT, name="Resize", format="YAML")
    for given in ("i-2", ["i-2"]):
        assert plan_runbook(document, {"Others": given}).parameters["Others"] == ["i-2"]


def test_the_command_finds_runbooks_by_name_and_takes_parameters_both_ways(tmp_path: Path) -> None:
    (tmp_path / "automation").mkdir()
    (tmp_path / "automation" / "Resize.yaml").write_text(TEXT)
    for parameters in ('{"Size": ["t3.nano"]}', "Size=t3.nano"):
        arguments = ["Resize", "--library", str(tmp_path), "--parameters", parameters]
        result = CliRunner().invoke(plan_command, arguments)
        assert result.exit_code == 0
        assert "Size: t3.nano" in result.output
    assert CliRunner().invoke(plan_command, ["Nothing", "--library", str(tmp_path)]).exit_code == 2
    refused = CliRunner().invoke(plan_command, ["Resize", "--library", str(tmp_path), "--parameters", "Size=big"])
    assert (refused.exit_code, "allowedPattern" in refused.output) == (1, True)
    assert CliRunner().invoke(plan_command, ["Resize", "--library", str(tmp_path), "--parameters", "{"]).exit_code == 2
