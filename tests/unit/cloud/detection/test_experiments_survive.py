"""An experiment goes on where it was when the endpoint is started again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rehearsal.cloud import Cloud, CloudSettings

from .conftest import ACCOUNT, REGION, allow, clients, eventually, role

if TYPE_CHECKING:
    from pathlib import Path

RUNBOOK = {"schemaVersion": "0.3", "mainSteps": [{"name": "hold", "action": "aws:pause", "inputs": {}}]}
MAY = allow(["ssm:StartAutomationExecution", "ssm:GetAutomationExecution", "ssm:StopAutomationExecution"])


def start(folder: Path) -> Cloud:
    settings = CloudSettings(account_id=ACCOUNT, region=REGION, listen=(("127.0.0.1", 0),), state_folder=folder)
    cloud = Cloud(settings)
    cloud.start()
    return cloud


def test_a_running_experiment_can_be_stopped_after_a_restart(tmp_path: Path) -> None:
    cloud = start(tmp_path)
    client = clients(cloud.url)
    client("ssm").create_document(Name="Drill", DocumentType="Automation", Content=json.dumps(RUNBOOK))
    action = {
        "actionId": "aws:ssm:start-automation-execution",
        "parameters": {"documentArn": f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/Drill", "maxDuration": "PT10M"},
    }
    template = client("fis").create_experiment_template(
        description="drill", roleArn=role(client("iam"), "experiments", "fis.amazonaws.com", MAY), targets={},
        stopConditions=[{"source": "none"}], actions={"Drill": action}, clientToken="one",
    )["experimentTemplate"]["id"]  # fmt: skip
    experiment = client("fis").start_experiment(experimentTemplateId=template, clientToken="two")["experiment"]["id"]
    eventually(
        lambda: client("fis").get_experiment(id=experiment)["experiment"]["state"]["status"] == "running", "running"
    )
    cloud.stop()

    cloud = start(tmp_path)
    try:
        fis = clients(cloud.url)("fis")
        assert fis.get_experiment(id=experiment)["experiment"]["state"]["status"] == "running"
        fis.stop_experiment(id=experiment)
        eventually(lambda: fis.get_experiment(id=experiment)["experiment"]["state"]["status"] == "stopped", "stopped")
    finally:
        cloud.stop()
