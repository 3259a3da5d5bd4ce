"""State Manager: what is applied when, what its status says, and each of its documented errors."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SHELL = "AWS-RunShellScript"
NOBODY = "00000000-0000-0000-0000-000000000000"


def create(ssm: Any, stack: str, **request: Any) -> str:
    request.setdefault("Name", SHELL)
    if request["Name"] == SHELL:
        request.setdefault("Parameters", {"commands": ["id"]})
    request.setdefault("Targets", [{"Key": "tag:Stack", "Values": [stack]}])
    return str(ssm.create_association(**request)["AssociationDescription"]["AssociationId"])


def overview(ssm: Any, association_id: str) -> dict[str, Any]:
    described: dict[str, Any] = ssm.describe_association(AssociationId=association_id)["AssociationDescription"]
    found: dict[str, Any] = described["Overview"]
    return found


def runbook(name: str, ssm: Any) -> str:
    content = {
        "schemaVersion": "0.3",
        "parameters": {"InstanceId": {"type": "String", "default": ""}},
        "mainSteps": [{"name": "wait", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
    }
    ssm.create_document(Name=name, Content=json.dumps(content), DocumentType="Automation")
    return name


def test_creation_applies_it_to_the_nodes_that_match(ssm: Any, new_host: Callable[..., Any], name: str) -> None:
    hosts = [new_host(Stack=name), new_host(Stack=name)]
    other = new_host(Stack="other")
    association_id = create(ssm, name)
    assert overview(ssm, association_id)["Status"] == "Pending"
    assert other.messages() == []
    hosts[0].run()
    assert overview(ssm, association_id)["AssociationStatusAggregatedCount"] == {"Success": 1, "Pending": 1}
    hosts[1].run()
    assert overview(ssm, association_id)["Status"] == "Success"
    execution = ssm.describe_association_executions(AssociationId=association_id)["AssociationExecutions"][0]
    assert (execution["Status"], execution["ResourceCountByStatus"]) == ("Success", "{Success=2}")
    targets = ssm.describe_association_execution_targets(
        AssociationId=association_id, ExecutionId=execution["ExecutionId"]
    )["AssociationExecutionTargets"]
    assert {target["ResourceId"] for target in targets} == {host.instance_id for host in hosts}
    command_id = targets[0]["OutputSource"]["OutputSourceId"]
    assert ssm.list_commands(CommandId=command_id)["Commands"][0]["Status"] == "Success"


def test_a_node_that_comes_later_gets_it_once(ssm: Any, new_host: Callable[..., Any], name: str) -> None:
    association_id = create(ssm, name)
    assert overview(ssm, association_id) == {"Status": "Pending", "DetailedStatus": "Creating"}
    host = new_host(agent=False, Stack=name)
    assert host.messages() == []
    host.report()
    host.run()
    assert overview(ssm, association_id)["Status"] == "Success"
    host.report()
    assert host.messages() == []


def test_a_node_that_was_not_reached_gets_it_when_its_agent_is_back(
    cloud: Any, ssm: Any, new_host: Callable[..., Any], name: str
) -> None:
    host = new_host(Stack=name)
    association_id = create(ssm, name)
    command = next(c for c in cloud.ssm().commands.newest_first() if host.instance_id in c.invocations)
    command.requested -= dt.timedelta(hours=2)
    cloud.ssm().sweep()
    assert overview(ssm, association_id)["Status"] == "Failed"
    cloud.ssm().nodes.get(host.instance_id).last_contact -= cloud.settings.connection_lost_after + 1
    host.report()
    host.run()
    assert overview(ssm, association_id)["Status"] == "Success"


def test_a_failure_shows_with_its_reason(ssm: Any, new_host: Callable[..., Any], name: str) -> None:
    host = new_host(Stack=name)
    association_id = create(ssm, name)
    host.run("Failed", 1)
    assert overview(ssm, association_id)["Status"] == "Failed"
    execution = ssm.describe_association_executions(AssociationId=association_id)["AssociationExecutions"][0]
    target = ssm.describe_association_execution_targets(
        AssociationId=association_id, ExecutionId=execution["ExecutionId"]
    )["AssociationExecutionTargets"][0]
    assert (target["ResourceId"], target["DetailedStatus"]) == (host.instance_id, "Failed")


def test_it_is_applied_again_on_schedule_and_on_demand(
    cloud: Any, ssm: Any, new_host: Callable[..., Any], name: str
) -> None:
    host = new_host(Stack=name)
    association_id = create(ssm, name, ScheduleExpression="rate(30 minutes)")
    host.run()
    association = cloud.ssm().associations.find(association_id)
    association.next_run -= dt.timedelta(minutes=31)
    cloud.ssm().sweep()
    host.run()
    assert association.next_run > dt.datetime.now(dt.UTC)
    ssm.start_associations_once(AssociationIds=[association_id])
    host.run()
    executions = ssm.describe_association_executions(AssociationId=association_id)["AssociationExecutions"]
    assert [execution["Status"] for execution in executions] == ["Success"] * 3


def test_apply_only_at_cron_interval_waits(ssm: Any, new_host: Callable[..., Any], name: str) -> None:
    host = new_host(Stack=name)
    create(ssm, name, ScheduleExpression="cron(0 2 ? * SUN *)", ApplyOnlyAtCronInterval=True)
    assert host.messages() == []


def test_an_update_is_a_version_that_drops_what_is_not_repeated(
    ssm: Any, new_host: Callable[..., Any], name: str, refused: Callable[..., str]
) -> None:
    host = new_host(Stack=name)
    association_id = create(ssm, name, AssociationName="first", ScheduleExpression="rate(1 day)")
    host.run()
    updated = ssm.update_association(AssociationId=association_id, Parameters={"commands": ["date"]})
    assert updated["AssociationDescription"]["AssociationVersion"] == "2"
    assert "ScheduleExpression" not in updated["AssociationDescription"]
    assert host.run()["Parameters"] == {"commands": ["date"]}
    versions = ssm.list_association_versions(AssociationId=association_id)["AssociationVersions"]
    assert [v["AssociationVersion"] for v in versions] == ["2", "1"]
    old = ssm.describe_association(AssociationId=association_id, AssociationVersion="1")["AssociationDescription"]
    assert old["ScheduleExpression"] == "rate(1 day)"
    update = ssm.update_association
    refused(update, "InvalidAssociationVersion", AssociationId=association_id, AssociationVersion="1")
    refused(update, "AssociationDoesNotExist", AssociationId=NOBODY)
    refused(update, "InvalidDocument", AssociationId=association_id, Name="Nobody-Wrote-This")
    refused(update, "InvalidParameters", AssociationId=association_id, Parameters={"x": ["y"]})
    again = {"AssociationId": association_id, "Parameters": {"commands": ["id"]}}
    refused(update, "InvalidSchedule", **again, ScheduleExpression="sometimes")
    describe = ssm.describe_association
    refused(describe, "InvalidAssociationVersion", AssociationId=association_id, AssociationVersion="9")


def test_a_runbook_is_started_and_followed(ssm: Any, name: str, eventually: Callable[..., Any]) -> None:
    association_id = create(ssm, name, Name=runbook(name, ssm), Targets=[])
    eventually(lambda: overview(ssm, association_id)["Status"] == "Success")
    executions = ssm.describe_association_executions(AssociationId=association_id)["AssociationExecutions"]
    target = ssm.describe_association_execution_targets(
        AssociationId=association_id, ExecutionId=executions[0]["ExecutionId"]
    )["AssociationExecutionTargets"][0]
    assert target["OutputSource"]["OutputSourceType"] == "Automation"


def test_lists_filter(ssm: Any, new_host: Callable[..., Any], name: str) -> None:
    host = new_host(Stack=name)
    association_id = create(ssm, name, AssociationName=name)
    host.run()

    def found(key: str, value: str) -> bool:
        listed = ssm.list_associations(AssociationFilterList=[{"key": key, "value": value}])["Associations"]
        return association_id in [association["AssociationId"] for association in listed]

    assert found("AssociationName", name)
    assert found("InstanceId", host.instance_id)
    assert found("AssociationStatusName", "Success")
    assert found("LastExecutedAfter", "2020-01-01T00:00:00Z")
    assert not found("LastExecutedBefore", "2020-01-01T00:00:00Z")
    assert not found("AssociationStatusName", "Failed")
    everything = ssm.describe_association_executions(
        AssociationId=association_id,
        Filters=[
            {"Key": "Status", "Value": "Success", "Type": "EQUAL"},
            {"Key": "CreatedTime", "Value": "2020-01-01T00:00:00Z", "Type": "GREATER_THAN"},
        ],
    )
    assert len(everything["AssociationExecutions"]) == 1


def test_deletion(ssm: Any, name: str, document: Callable[..., str], refused: Callable[..., str]) -> None:
    ssm.create_document(Name=name, Content=document())
    association_id = create(ssm, name, Name=name)
    refused(ssm.delete_document, "AssociatedInstances", Name=name)
    ssm.delete_association(AssociationId=association_id)
    refused(ssm.describe_association, "AssociationDoesNotExist", AssociationId=association_id)
    ssm.delete_document(Name=name)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Name": "Nobody-Wrote-This"}, "InvalidDocument"),
        ({"DocumentVersion": "99"}, "InvalidDocumentVersion"),
        ({"Targets": []}, "InvalidTarget"),
        ({"Targets": [{"Key": "Colour", "Values": ["red"]}]}, "InvalidTarget"),
        ({"TargetMaps": [{"InstanceIds": ["i-0123456789abcdef0"]}]}, "InvalidTargetMaps"),
        ({"Parameters": {"unknown": ["x"]}}, "InvalidParameters"),
        ({"ScheduleExpression": "rate(5 minutes)"}, "InvalidSchedule"),
        ({"ScheduleExpression": "cron(0 2 * * SUN *)"}, "InvalidSchedule"),
        ({"ApplyOnlyAtCronInterval": True}, "ValidationException"),
        ({"InstanceId": "i-0123456789abcdef0"}, "InvalidInstanceId"),
        ({"OutputLocation": {"S3Location": {"OutputS3BucketName": "no-such-bucket"}}}, "InvalidOutputLocation"),
        ({"MaxErrors": "many"}, "ValidationException"),
    ],
)
def test_documented_errors_of_creation(
    request_: dict[str, Any], code: str, ssm: Any, name: str, refused: Callable[..., str]
) -> None:
    wanted = {
        "Name": SHELL,
        "Parameters": {"commands": ["id"]},
        "Targets": [{"Key": "tag:Stack", "Values": [name]}],
    } | request_
    refused(ssm.create_association, code, **wanted)


def test_errors_that_need_a_history(
    cloud: Any, ssm: Any, new_host: Callable[..., Any], name: str, refused: Callable[..., str], monkeypatch: Any
) -> None:
    host = new_host()
    one = {"Name": SHELL, "InstanceId": host.instance_id, "Parameters": {"commands": ["id"]}}
    ssm.create_association(**one)
    refused(ssm.create_association, "AssociationAlreadyExists", **one)
    runbook(name, ssm)
    tagged = [{"Key": "tag:Stack", "Values": [name]}]
    refused(ssm.create_association, "InvalidParameters", Name=name, Targets=tagged)
    refused(
        ssm.create_association,
        "InvalidParameters",
        Name=name,
        Targets=tagged,
        AutomationTargetParameterName="Nonsense",
    )
    maps = [{"Name": ["x"]}]
    refused(ssm.create_association, "InvalidTargetMaps", Name=name, Targets=tagged, TargetMaps=maps)
    association_id = create(ssm, name)
    targets = ssm.describe_association_execution_targets
    refused(targets, "AssociationExecutionDoesNotExist", AssociationId=association_id, ExecutionId=NOBODY)
    refused(targets, "AssociationDoesNotExist", AssociationId=NOBODY, ExecutionId=NOBODY)
    refused(ssm.describe_association_executions, "AssociationDoesNotExist", AssociationId=NOBODY)
    refused(ssm.list_association_versions, "AssociationDoesNotExist", AssociationId=NOBODY)
    refused(ssm.start_associations_once, "AssociationDoesNotExist", AssociationIds=[NOBODY])
    refused(ssm.delete_association, "AssociationDoesNotExist", AssociationId=NOBODY)
    refused(ssm.list_associations, "InvalidNextToken", NextToken="nonsense")
    service = __import__(type(cloud.ssm().associations).__module__, fromlist=["MAX_VERSIONS"])
    monkeypatch.setattr(service, "MAX_ASSOCIATIONS", 1)
    monkeypatch.setattr(service, "MAX_VERSIONS", 1)
    refused(ssm.create_association, "AssociationLimitExceeded", **one | {"InstanceId": new_host().instance_id})
    refused(ssm.update_association, "AssociationVersionLimitExceeded", AssociationId=association_id)
