"""Loops within loops, other accounts, previews, interactive mode, nesting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.automation import ApiError, Caller

if TYPE_CHECKING:
    from conftest import Harness

PAST = {"Timestamp": "2001-01-01T00:00:00Z"}


def ok(name: str, **keys: Any) -> dict[str, Any]:
    return {"name": name, "action": "aws:sleep", "inputs": PAST, **keys}


def note(text: str) -> dict[str, Any]:
    """A step that appends text to the variable Seen."""
    inputs = {"Name": "variable:Seen", "Value": "{{ variable:Seen }}" + text}
    return {"name": "note", "action": "aws:updateVariable", "inputs": inputs}


def each(name: str, values: Any, *steps: dict[str, Any], **inputs: Any) -> dict[str, Any]:
    return {"name": name, "action": "aws:loop", "inputs": {"Iterators": values, "Steps": list(steps), **inputs}}


SEEN = {"Seen": {"type": "String", "default": ""}}


def test_loops_within_loops(automation: Harness) -> None:
    inner = each("inner", ["1", "2"], note("{{ outer.CurrentIteratorValue }}{{ inner.CurrentIteratorValue }} "))
    execution = automation.run([each("outer", ["a", "b"], inner)], variables=SEEN)
    assert execution["Variables"] == {"Seen": ["a1 a2 b1 b2 "]}


def test_iterators_have_their_type(automation: Harness) -> None:
    steps = [
        each("maps", [{"k": "v"}], note("{{ maps.CurrentIteratorValue }}"), IteratorDataType="StringMap"),
    ]
    assert automation.run(steps, variables=SEEN)["Variables"] == {"Seen": ['{"k":"v"}']}


def test_a_branch_inside_a_loop_skips_the_rest_of_the_iteration(automation: Harness) -> None:
    choices = [{"Variable": "{{ each.CurrentIteratorValue }}", "StringEquals": "b", "NextStep": "last"}]
    branch = {"name": "choose", "action": "aws:branch", "inputs": {"Choices": choices}}
    steps = [each("each", ["a", "b", "c"], branch, note("{{ each.CurrentIteratorValue }}"), ok("last"))]
    assert automation.run(steps, variables=SEEN)["Variables"] == {"Seen": ["ac"]}


def test_no_iterators_are_no_iterations(automation: Harness) -> None:
    execution = automation.run([each("each", [], note("x"))], variables=SEEN)
    assert execution["AutomationExecutionStatus"] == "Success"
    assert execution["Variables"] == {"Seen": [""]}


def test_cancelling_inside_a_loop_runs_the_inner_on_cancel(automation: Harness) -> None:
    automation.aws.on("DescribeVpcs", {"Vpcs": []})
    undo = {"name": "undo", "action": "aws:executeAwsApi", "inputs": {"Service": "ec2", "Api": "DescribeVpcs"}}
    work = {
        "name": "work",
        "action": "aws:sleep",
        "inputs": {"Duration": "PT1H"},
        "onCancel": "step:undo",
        "isEnd": True,
    }
    execution_id = automation.start([each("each", ["a"], work, undo), ok("never")])
    while automation.engine.find(execution_id).get("CurrentStepName") != "work":
        pass
    automation.engine.stop(execution_id, "Cancel")
    execution = automation.wait(execution_id)
    assert execution["AutomationExecutionStatus"] == "Cancelled"
    assert [step["StepStatus"] for step in execution["StepExecutions"]] == ["Cancelled", "Pending"]
    assert len(automation.aws.named("DescribeVpcs")) == 1


def locate(automation: Harness, locations: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Run a document in other places; the children are played."""
    for account in ("111111111111", "222222222222", "333333333333"):
        automation.aws.roles[f"arn:aws:iam::{account}:role/Runner"] = "Runner"
    automation.aws.on("StartAutomationExecution", {"AutomationExecutionId": "1" * 36})
    automation.aws.on("GetAutomationExecution", {"AutomationExecution": {"AutomationExecutionStatus": "Success"}})
    return automation.run([ok("a")], TargetLocations=locations, **more)


def test_accounts_times_regions(automation: Harness) -> None:
    location = {"Accounts": ["111111111111", "222222222222"], "Regions": ["eu-west-1", "us-east-1"]}
    execution = locate(automation, [location | {"ExecutionRoleName": "Runner", "TargetLocationMaxConcurrency": "4"}])
    assert execution["AutomationExecutionStatus"] == "Success"
    assert [step["StepName"] for step in execution["StepExecutions"]] == [
        "111111111111-eu-west-1",
        "111111111111-us-east-1",
        "222222222222-eu-west-1",
        "222222222222-us-east-1",
    ]
    assert execution["ProgressCounters"]["SuccessSteps"] == 4
    assert len(automation.aws.named("StartAutomationExecution")) == 4


def test_organizational_units_are_expanded_and_accounts_excluded(automation: Harness) -> None:
    automation.aws.on(
        "ListAccountsForParent",
        lambda ParentId, **_: {  # noqa: N803 - boto3's name
            "Accounts": [{"Id": {"ou-top": "111111111111", "ou-below": "222222222222"}[ParentId]}]
        },
    )
    units = iter([[{"Id": "ou-below"}], []])
    automation.aws.on("ListOrganizationalUnitsForParent", lambda **_: {"OrganizationalUnits": next(units)})
    location = {
        "Accounts": ["ou-top", "333333333333"],
        "Regions": ["eu-west-1"],
        "IncludeChildOrganizationUnits": True,
        "ExcludeAccounts": ["333333333333"],
        "ExecutionRoleName": "Runner",
    }
    execution = locate(automation, [location])
    names = [step["StepName"] for step in execution["StepExecutions"]]
    assert names == ["111111111111-eu-west-1", "222222222222-eu-west-1"]


def test_targets_of_a_location_are_passed_on(automation: Harness) -> None:
    location = {
        "Accounts": ["111111111111"],
        "Regions": ["eu-west-1"],
        "ExecutionRoleName": "Runner",
        "Targets": [{"Key": "tag:Own", "Values": ["x"]}],
        "TargetsMaxConcurrency": "3",
    }
    locate(automation, [location], parameters={"N": {"type": "String"}}, TargetParameterName="N")
    (sent,) = automation.aws.named("StartAutomationExecution")
    assert sent["Targets"] == location["Targets"]
    assert sent["MaxConcurrency"] == "3"
    assert sent["TargetParameterName"] == "N"


@pytest.mark.parametrize(
    ("request_members", "message"),
    [
        ({"TargetLocations": [{"Accounts": ["1" * 12]}]}, "needs Accounts and Regions"),
        ({"TargetLocationsURL": "https://b.s3.amazonaws.com/x"}, "TargetLocationsURL is not supported"),
        ({"TargetParameterName": "N"}, "Targets are required"),
        ({"Targets": [{"Key": "ParameterValues", "Values": ["x"]}]}, "TargetParameterName is required"),
        ({"Targets": [{"Key": "Name", "Values": ["x"]}], "TargetParameterName": "N"}, "is not one of tag:"),
        ({"Targets": [{"Key": "tag:a"}], "TargetParameterName": "N"}, "has no Values"),
        (
            {"Targets": [{"Key": "AWS::EC2::Instance", "Values": ["i-1"]}], "TargetParameterName": "N"},
            "the one value *",
        ),
        ({"Tags": [{"Key": str(n), "Value": "v"} for n in range(6)]}, "at most 5 tags"),
    ],
)
def test_requests_that_contradict_themselves(
    automation: Harness, request_members: dict[str, Any], message: str
) -> None:
    with pytest.raises(ApiError) as caught:
        automation.start([ok("a")], parameters={"N": {"type": "String", "default": ""}}, **request_members)
    assert caught.value.code == "InvalidAutomationExecutionParametersException"
    assert message in caught.value.message


def test_previews_count_their_targets(automation: Harness) -> None:
    automation.documents.put(
        "Runbook", {"schemaVersion": "0.3", "mainSteps": [ok("a")]}, target_type="/AWS::EC2::Instance"
    )
    automation.aws.on(
        "DescribeInstances", {"Reservations": [{"Instances": [{"InstanceId": "i-1"}, {"InstanceId": "i-2"}]}]}
    )
    inputs = {"Targets": [{"Key": "tag:Role", "Values": ["web"]}], "TargetParameterName": "N"}
    caller = automation_caller()
    preview_id = automation.engine.start_preview(
        {"DocumentName": "Runbook", "ExecutionInputs": {"Automation": inputs}}, caller
    )
    preview = automation.engine.find_preview(preview_id)["ExecutionPreview"]["Automation"]
    assert preview["TargetPreviews"] == [{"Count": 2, "TargetType": "/AWS::EC2::Instance"}]


def automation_caller() -> Caller:
    return Caller("arn:aws:iam::123456789012:user/alice", "123456789012")


def test_interactive_executions_run_the_step_that_is_named(automation: Harness) -> None:
    execution_id = automation.start([ok("a"), ok("b")], Mode="Interactive")
    automation.wait(execution_id, {"Waiting"})
    with pytest.raises(ApiError, match="AutomationStepNotFoundException"):
        automation.engine.signal(execution_id, "StartStep", {"StepName": ["z"]}, automation_caller())
    with pytest.raises(ApiError, match="needs a StepName"):
        automation.engine.signal(execution_id, "StartStep", {}, automation_caller())
    automation.engine.signal(execution_id, "StartStep", {"StepName": ["b"]}, automation_caller())
    while automation.engine.find(execution_id)["StepExecutions"][1]["StepStatus"] != "Success":
        pass
    automation.engine.stop(execution_id, "Complete")
    execution = automation.wait(execution_id)
    assert [step["StepStatus"] for step in execution["StepExecutions"]] == ["Pending", "Success"]


def test_five_levels_below_the_top_and_no_more(automation: Harness) -> None:
    automation.documents.put("Level6", {"schemaVersion": "0.3", "mainSteps": [ok("a")]})
    for level in range(5, 0, -1):
        call = {"name": "call", "action": "aws:executeAutomation", "inputs": {"DocumentName": f"Level{level + 1}"}}
        automation.documents.put(f"Level{level}", {"schemaVersion": "0.3", "mainSteps": [call]})
    engine = automation.engine
    six = automation.wait(engine.start({"DocumentName": "Level1"}, automation_caller()))
    assert six["AutomationExecutionStatus"] == "Success"
    call = {"name": "call", "action": "aws:executeAutomation", "inputs": {"DocumentName": "Level1"}}
    seven = automation.run([call], name="Level0")
    assert seven["AutomationExecutionStatus"] == "Failed"
    assert "nest at most 5 levels" in seven["FailureMessage"]
