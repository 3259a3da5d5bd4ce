"""Listing executions and steps, previews, and what a new process finds (reference §6)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from conftest import Account

PAST = {"Timestamp": "2001-01-01T00:00:00Z"}
NOBODY = "00000000-0000-4000-8000-000000000000"


def steps(*names: str) -> dict[str, Any]:
    """A document whose steps end at once."""
    return {"mainSteps": [{"name": name, "action": "aws:sleep", "inputs": PAST} for name in names]}


@contextlib.contextmanager
def refused(code: str) -> Any:
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code


def test_executions_are_listed_newest_first_and_filtered(account: Account) -> None:
    ssm = account.client("ssm")
    name = account.create(steps("a"), account.new_name())
    ids = [ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"] for _ in range(3)]
    for execution_id in ids:
        account.finish(execution_id)

    def listed(**filters: str) -> list[str]:
        wanted = [{"Key": key, "Values": [value]} for key, value in filters.items()]
        answer = ssm.describe_automation_executions(Filters=wanted)
        return [entry["AutomationExecutionId"] for entry in answer["AutomationExecutionMetadataList"]]

    assert listed(DocumentNamePrefix=name) == ids[::-1]
    assert listed(DocumentNamePrefix=name, ExecutionStatus="Failed") == []
    assert listed(ExecutionId=ids[0]) == [ids[0]]
    assert listed(ExecutionId=NOBODY) == []
    assert listed(DocumentNamePrefix=name, StartTimeAfter="2999-01-01T00:00:00Z") == []
    assert listed(DocumentNamePrefix=name, AutomationType="Local") == ids[::-1]
    entry = ssm.describe_automation_executions(Filters=[{"Key": "ExecutionId", "Values": [ids[0]]}])
    shown = entry["AutomationExecutionMetadataList"][0]
    assert shown["LogFile"] == ""
    assert shown["AutomationType"] == "Local"
    with refused("InvalidFilterValue"):
        listed(StartTimeBefore="yesterday")


def test_pages_of_executions_join_up(account: Account) -> None:
    ssm = account.client("ssm")
    name = account.create(steps("a"), account.new_name())
    for _ in range(3):
        account.finish(ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"])
    wanted = {"Filters": [{"Key": "DocumentNamePrefix", "Values": [name]}], "MaxResults": 2}
    first = ssm.describe_automation_executions(**wanted)
    second = ssm.describe_automation_executions(**wanted, NextToken=first["NextToken"])
    assert len(first["AutomationExecutionMetadataList"]) == 2
    assert len(second["AutomationExecutionMetadataList"]) == 1
    assert "NextToken" not in second
    with refused("InvalidNextToken"):
        ssm.describe_automation_executions(**wanted, NextToken="made up")


def test_steps_are_listed_filtered_and_reversed(account: Account) -> None:
    ssm = account.client("ssm")
    name = account.create(steps("a", "b"), account.new_name())
    execution_id = ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"]
    account.finish(execution_id)

    def listed(**more: Any) -> list[str]:
        answer = ssm.describe_automation_step_executions(AutomationExecutionId=execution_id, **more)
        return [step["StepName"] for step in answer["StepExecutions"]]

    assert listed() == ["a", "b"]
    assert listed(ReverseOrder=True) == ["b", "a"]
    assert listed(Filters=[{"Key": "StepName", "Values": ["b"]}]) == ["b"]
    assert listed(Filters=[{"Key": "StepExecutionStatus", "Values": ["Failed"]}]) == []
    assert listed(Filters=[{"Key": "Action", "Values": ["aws:sleep"]}], MaxResults=1) == ["a"]
    with refused("AutomationExecutionNotFoundException"):
        ssm.describe_automation_step_executions(AutomationExecutionId=NOBODY)


@pytest.mark.parametrize("operation", ["get_automation_execution", "stop_automation_execution"])
def test_unknown_executions_are_not_found(account: Account, operation: str) -> None:
    with refused("AutomationExecutionNotFoundException"):
        getattr(account.client("ssm"), operation)(AutomationExecutionId=NOBODY)


def test_signals_to_unknown_executions_are_not_found(account: Account) -> None:
    with refused("AutomationExecutionNotFoundException"):
        account.client("ssm").send_automation_signal(AutomationExecutionId=NOBODY, SignalType="Resume")


def test_a_preview_counts_the_impact_of_the_steps(account: Account) -> None:
    ssm = account.client("ssm")
    loop = {
        "name": "each",
        "action": "aws:loop",
        "inputs": {
            "Iterators": ["a"],
            "Steps": [
                {"name": "tag", "action": "aws:createTags", "inputs": {"ResourceIds": ["i-1"], "Tags": [{"Key": "k"}]}}
            ],
        },
    }
    api = {"name": "call", "action": "aws:executeAwsApi", "inputs": {"Service": "sts", "Api": "GetCallerIdentity"}}
    content = {"mainSteps": [*steps("wait")["mainSteps"], api, loop]}
    name = account.create(content, account.new_name())
    preview_id = ssm.start_execution_preview(DocumentName=name)["ExecutionPreviewId"]
    preview = ssm.get_execution_preview(ExecutionPreviewId=preview_id)
    assert preview["Status"] == "Success"
    automation = preview["ExecutionPreview"]["Automation"]
    assert automation["StepPreviews"] == {"NonMutating": 1, "Undetermined": 1, "Mutating": 1}
    assert automation["TotalAccounts"] == 1


def test_unknown_previews_are_not_found(account: Account) -> None:
    with refused("ResourceNotFoundException"):
        account.client("ssm").get_execution_preview(ExecutionPreviewId=NOBODY)


def test_previews_of_unknown_documents_are_invalid(account: Account) -> None:
    with refused("ValidationException"):
        account.client("ssm").start_execution_preview(DocumentName="Nobody-Knows-This")
