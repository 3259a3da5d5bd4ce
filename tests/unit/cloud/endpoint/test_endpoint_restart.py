"""A cloud that is started again in the same state folder knows what it knew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from rehearsal.cloud import Cloud, CloudSettings

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "111122223333"
REPORT = {"AgentName": "amazon-ssm-agent", "AgentVersion": "3.3.3572.0", "PlatformType": "Linux"}
RUNBOOK = {
    "schemaVersion": "0.3",
    "mainSteps": [{"name": "wait", "action": "aws:sleep", "inputs": {"Duration": "PT1H"}}],
}


def start(folder: Path) -> tuple[Cloud, Any, Any]:
    cloud = Cloud(
        CloudSettings(account_id=ACCOUNT, listen=(("127.0.0.1", 0),), state_folder=folder, instant_hosts=True)
    )
    cloud.start()
    session: Any = boto3.session.Session(
        aws_access_key_id="AKIAADMINISTRATOR000", aws_secret_access_key="unchecked", region_name="us-east-1"
    )
    return cloud, session.client("ssm", endpoint_url=cloud.url), session.client("ec2", endpoint_url=cloud.url)


def test_documents_hosts_commands_and_associations_survive(tmp_path: Path) -> None:
    cloud, ssm, ec2 = start(tmp_path)
    ssm.create_document(Name="Kept-Runbook", Content=json.dumps(RUNBOOK), DocumentType="Automation")
    instance_id = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    cloud.ssm().nodes.report(instance_id, REPORT)
    command = ssm.send_command(
        DocumentName="AWS-RunShellScript", InstanceIds=[instance_id], Parameters={"commands": ["id"]}
    )["Command"]
    association = ssm.create_association(
        Name="AWS-RunShellScript",
        Targets=[{"Key": "InstanceIds", "Values": [instance_id]}],
        Parameters={"commands": ["id"]},
    )["AssociationDescription"]
    execution_id = ssm.start_automation_execution(DocumentName="Kept-Runbook")["AutomationExecutionId"]
    cloud.stop()

    cloud, ssm, ec2 = start(tmp_path)
    try:
        assert ssm.get_document(Name="Kept-Runbook")["DocumentType"] == "Automation"
        nodes = ssm.describe_instance_information()["InstanceInformationList"]
        assert [node["InstanceId"] for node in nodes] == [instance_id]
        assert ssm.list_commands()["Commands"][-1]["CommandId"] == command["CommandId"]
        found = ssm.list_associations()["Associations"]
        assert [entry["AssociationId"] for entry in found] == [association["AssociationId"]]
        waiting = cloud.ssm().mailboxes.take(instance_id, 1, 0)
        assert len(waiting) == 2
        cloud.ssm().commands.acknowledge(waiting[0].message_id)
        assert (
            ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=instance_id)["Status"] == "InProgress"
        )
        execution = ssm.get_automation_execution(AutomationExecutionId=execution_id)["AutomationExecution"]
        assert execution["AutomationExecutionStatus"] == "Failed"
        assert "interrupted" in execution["FailureMessage"]
        new_id = ssm.start_automation_execution(DocumentName="Kept-Runbook")["AutomationExecutionId"]
        ssm.stop_automation_execution(AutomationExecutionId=new_id)
    finally:
        cloud.stop()
