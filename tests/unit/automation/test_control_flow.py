"""Which step follows which, and what status comes of it (reference §2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.automation import Limits

if TYPE_CHECKING:
    from conftest import Harness

FAILS = "def h(events, context):\n    raise ValueError('on purpose')"


def ok(name: str, **keys: Any) -> dict[str, Any]:
    """A step that succeeds."""
    return {"name": name, "action": "aws:sleep", "inputs": {"Timestamp": "2001-01-01T00:00:00Z"}, **keys}


def bad(name: str, **keys: Any) -> dict[str, Any]:
    """A step that fails."""
    return {"name": name, "action": "aws:sleep", "inputs": {"Duration": "a while"}, **keys}


def slow(name: str, **keys: Any) -> dict[str, Any]:
    """A step that runs out of time."""
    keys = {"timeoutSeconds": 1} | keys
    return {"name": name, "action": "aws:sleep", "inputs": {"Duration": "PT1H"}, **keys}


def choose(name: str, value: str, target: str, **keys: Any) -> dict[str, Any]:
    """A branch to `target` when the value is `yes`."""
    choices = [{"Variable": value, "StringEquals": "yes", "NextStep": target}]
    inputs = {"Choices": choices} | ({"Default": keys.pop("default")} if "default" in keys else {})
    return {"name": name, "action": "aws:branch", "inputs": inputs, **keys}


CASES: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "listed order": ([ok("a"), ok("b")], "Success", "a b"),
    "nextStep skips": ([ok("a", nextStep="c"), ok("b"), ok("c")], "Success", "a c"),
    "isEnd stops": ([ok("a", isEnd=True), ok("b")], "Success", "a"),
    "isEnd as text": ([ok("a", isEnd="true"), ok("b")], "Success", "a"),
    "abort is the default": ([bad("a"), ok("b")], "Failed", "a"),
    "continue goes on and succeeds": ([bad("a", onFailure="Continue"), ok("b")], "Success", "a b"),
    "continue follows nextStep": ([bad("a", onFailure="Continue", nextStep="c"), ok("b"), ok("c")], "Success", "a c"),
    "continue but critical": ([bad("a", onFailure="Continue", isCritical=True), ok("b")], "Failed", "a b"),
    "jump on failure stays failed": (
        [bad("a", onFailure="step:c"), ok("b", isEnd=True), ok("c")],
        "Failed",
        "a c",
    ),
    "jump on failure, not critical": (
        [bad("a", onFailure="step:c", isCritical=False), ok("b", isEnd=True), ok("c")],
        "Success",
        "a c",
    ),
    "abort, not critical": ([bad("a", isCritical=False), ok("b")], "Failed", "a"),
    "isEnd stops after a failure": ([bad("a", isEnd=True, onFailure="step:b"), ok("b")], "Failed", "a"),
    "time out": ([slow("a"), ok("b")], "TimedOut", "a"),
    "time out, not critical": ([slow("a", onFailure="Continue"), ok("b")], "Success", "a b"),
    "time out, then failure": ([slow("a", onFailure="step:b"), bad("b")], "Failed", "a b"),
    "branch jumps": ([choose("a", "yes", "c"), ok("b"), ok("c")], "Success", "a c"),
    "branch default": ([choose("a", "no", "c", default="d"), ok("b"), ok("c"), ok("d")], "Success", "a d"),
    "branch falls through": ([choose("a", "no", "c"), ok("b"), ok("c")], "Success", "a b c"),
    "branch with isEnd jumps": ([choose("a", "yes", "c", isEnd=True), ok("b"), ok("c")], "Success", "a c"),
    "branch with isEnd stops": ([choose("a", "no", "c", isEnd=True), ok("b"), ok("c")], "Success", "a"),
}


@pytest.mark.parametrize("case", CASES)
def test_status_and_steps(automation: Harness, case: str) -> None:
    steps, status, ran = CASES[case]
    execution = automation.run(steps)
    assert execution["AutomationExecutionStatus"] == status
    shown = execution["StepExecutions"]
    assert " ".join(step["StepName"] for step in shown if step["StepStatus"] != "Pending") == ran
    pending = [step for step in shown if step["StepStatus"] == "Pending"]
    assert all(set(step) == {"StepName", "Action", "StepStatus"} for step in pending)


def test_max_attempts_are_used_up_before_a_step_fails(automation: Harness) -> None:
    answers = iter([False, False, True])

    def describe(**_: Any) -> dict[str, Any]:
        return {"Vpcs": [{"IsDefault": next(answers)}]}

    automation.aws.on("DescribeVpcs", describe)
    inputs = {
        "Service": "ec2",
        "Api": "DescribeVpcs",
        "PropertySelector": "$.Vpcs[0].IsDefault",
        "DesiredValues": ["True"],
    }
    step = {"name": "look", "action": "aws:assertAwsResourceProperty", "inputs": inputs, "maxAttempts": 3}
    execution = automation.run([step])
    assert execution["AutomationExecutionStatus"] == "Success"
    assert len(automation.aws.named("DescribeVpcs")) == 3
    assert execution["StepExecutions"][0]["MaxAttempts"] == 3


def test_the_failure_of_a_step_is_the_failure_of_the_execution(automation: Harness) -> None:
    inputs = {"Runtime": "python3.11", "Handler": "h", "Script": FAILS}
    execution = automation.run([{"name": "a", "action": "aws:executeScript", "inputs": inputs}])
    message = execution["FailureMessage"]
    assert message == execution["StepExecutions"][0]["FailureMessage"]
    assert message.startswith(
        "Step fails when it is Poll action status for completion. Traceback (most recent call last):"
    )
    assert message.endswith(
        "\n\nValueError - on purpose. "
        "Please refer to Automation Service Troubleshooting Guide for more diagnosis details."
    )
    assert execution["StepExecutions"][0]["FailureDetails"] == {"FailureStage": "Invocation", "FailureType": "Action"}


def test_outputs_of_steps_that_did_not_run_have_the_placeholder(automation: Harness) -> None:
    execution = automation.run([bad("a"), ok("b")], outputs=["b.Value"])
    assert execution["Outputs"] == {
        "b.Value": ["No output available yet because the step is not successfully executed"]
    }


def test_cancel_runs_the_on_cancel_step(automation: Harness) -> None:
    automation.aws.on("DescribeVpcs", {"Vpcs": []})
    undo = {"name": "undo", "action": "aws:executeAwsApi", "inputs": {"Service": "ec2", "Api": "DescribeVpcs"}}
    steps = [slow("work", timeoutSeconds=60, onCancel="step:undo"), ok("never", isEnd=True), undo]
    execution_id = automation.start(steps)
    automation.wait(execution_id, {"InProgress"})
    while automation.engine.find(execution_id).get("CurrentStepName") != "work":
        pass
    automation.engine.stop(execution_id, "Cancel")
    execution = automation.wait(execution_id)
    assert execution["AutomationExecutionStatus"] == "Cancelled"
    statuses = {step["StepName"]: step["StepStatus"] for step in execution["StepExecutions"]}
    assert statuses == {"work": "Cancelled", "never": "Pending", "undo": "Success"}


def test_the_cancellation_workflow_has_a_limit(make_harness: Any) -> None:
    automation = make_harness(limits=Limits(cancel_seconds=0.2))
    wait = {
        "Service": "ec2",
        "Api": "DescribeVpcs",
        "PropertySelector": "$.Vpcs[0].IsDefault",
        "DesiredValues": ["True"],
    }
    automation.aws.on("DescribeVpcs", {"Vpcs": [{"IsDefault": False}]})
    undo = {"name": "undo", "action": "aws:waitForAwsResourceProperty", "inputs": wait}
    execution_id = automation.start([slow("work", timeoutSeconds=60, onCancel="step:undo"), undo])
    while automation.engine.find(execution_id).get("CurrentStepName") != "work":
        pass
    automation.engine.stop(execution_id, "Cancel")
    execution = automation.wait(execution_id, seconds=5)
    assert execution["AutomationExecutionStatus"] == "Cancelled"
    assert [step["StepStatus"] for step in execution["StepExecutions"]] == ["Cancelled", "Cancelled"]


def test_a_circle_of_steps_is_refused_before_anything_runs(automation: Harness) -> None:
    with pytest.raises(Exception, match="circle: a -> b -> a"):
        automation.start([ok("a", nextStep="b"), ok("b", nextStep="a")])
