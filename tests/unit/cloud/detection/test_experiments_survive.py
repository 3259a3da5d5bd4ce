"""An experiment is looked after again when the endpoint has been started again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

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


def test_an_experiment_whose_automation_a_restart_interrupted_fails_and_says_so(tmp_path: Path) -> None:
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

    def action_of() -> Any:
        return client("fis").get_experiment(id=experiment)["experiment"]["actions"]["Drill"]

    eventually(lambda: action_of()["state"]["status"] != "pending", "the action to begin")
    assert action_of()["state"]["status"] == "running", action_of()
    cloud.stop()

    cloud = start(tmp_path)
    try:
        fis = clients(cloud.url)("fis")

        def ended() -> Any:
            found = fis.get_experiment(id=experiment)["experiment"]
            return found["state"]["status"] in {"stopped", "failed", "completed"} and found

        found = eventually(ended, "the end of the experiment")
        assert found["state"]["status"] == "failed"
        assert "The execution was interrupted" in found["actions"]["Drill"]["state"]["reason"]
    finally:
        cloud.stop()
