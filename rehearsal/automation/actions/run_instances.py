"""`aws:runInstances`: launch instances and wait until they are usable (reference §3.20)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from rehearsal.automation.action import (
    ANYTHING,
    FLAG,
    LIST,
    MAP,
    NUMBER,
    TEXT,
    Action,
    Input,
    StepContext,
    StepResult,
    flag,
    number,
)
from rehearsal.automation.actions._aws import request
from rehearsal.automation.actions._instances import await_state
from rehearsal.automation.errors import InvalidInputError
from rehearsal.automation.statuses import Impact

if TYPE_CHECKING:
    from collections.abc import Mapping

_AS_THEY_ARE = (
    "ImageId",
    "SubnetId",
    "SecurityGroupIds",
    "SecurityGroups",
    "KeyName",
    "TagSpecifications",
    "BlockDeviceMappings",
    "NetworkInterfaces",
    "Placement",
    "MetadataOptions",
    "InstanceInitiatedShutdownBehavior",
    "PrivateIpAddress",
    "ClientToken",
    "KernelId",
    "RamdiskId",
    "AdditionalInfo",
)
_FLAGS = ("EbsOptimized", "DisableApiTermination")


def run(context: StepContext) -> StepResult:
    """Launch, then wait for state running and both status checks."""
    launched = request(context, "ec2", "run_instances", **launch_request(context.inputs))["Instances"]
    instance_ids = [str(instance["InstanceId"]) for instance in launched]
    context.show_outputs({"InstanceIds": instance_ids})
    states = await_state(context, instance_ids, "running", "verifying launched instance(s) are ready")
    outputs = {"InstanceIds": instance_ids, "InstanceStates": states}
    return StepResult(outputs=outputs, payload=outputs)


def launch_request(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the RunInstances request of a step. Raises `InvalidInputError`."""
    least = number(inputs.get("MinInstanceCount") or 1, "MinInstanceCount")
    launch: dict[str, Any] = {
        "InstanceType": inputs.get("InstanceType") or "m1.small",
        "MinCount": least,
        "MaxCount": number(inputs.get("MaxInstanceCount") or least, "MaxInstanceCount"),
    }
    launch |= {name: inputs[name] for name in _AS_THEY_ARE if inputs.get(name) not in (None, "", [], {})}
    launch |= {name: flag(inputs[name], name) for name in _FLAGS if inputs.get(name) not in (None, "")}
    if inputs.get("Monitoring") not in (None, ""):
        monitoring = inputs["Monitoring"]
        launch["Monitoring"] = (
            monitoring if isinstance(monitoring, dict) else {"Enabled": flag(monitoring, "Monitoring")}
        )
    profile = {"Name": inputs.get("IamInstanceProfileName"), "Arn": inputs.get("IamInstanceProfileArn")}
    if any(profile.values()):
        launch["IamInstanceProfile"] = {key: value for key, value in profile.items() if value}
    if inputs.get("UserData"):
        launch["UserData"] = _decoded(inputs["UserData"])
    return launch


def _decoded(user_data: str) -> bytes:
    """Decode what the document holds in Base64, because boto3 encodes it again."""
    try:
        return base64.b64decode(user_data, validate=True)
    except binascii.Error as error:
        raise InvalidInputError("Input UserData of aws:runInstances is not Base64") from error


ACTION = Action(
    name="aws:runInstances",
    run=run,
    impact=Impact.MUTATING,
    inputs={
        "ImageId": Input(TEXT, required=True),
        "InstanceType": Input(TEXT),
        "MinInstanceCount": Input(NUMBER),
        "MaxInstanceCount": Input(NUMBER),
        "IamInstanceProfileName": Input(TEXT),
        "IamInstanceProfileArn": Input(TEXT),
        "SubnetId": Input(TEXT),
        "SecurityGroupIds": Input(LIST),
        "SecurityGroups": Input(LIST),
        "KeyName": Input(TEXT),
        "UserData": Input(TEXT),
        "TagSpecifications": Input(LIST),
        "BlockDeviceMappings": Input(LIST),
        "NetworkInterfaces": Input(LIST),
        "Placement": Input(MAP),
        "MetadataOptions": Input(MAP),
        "Monitoring": Input(ANYTHING),
        "EbsOptimized": Input(FLAG),
        "DisableApiTermination": Input(FLAG),
        "InstanceInitiatedShutdownBehavior": Input(TEXT),
        "PrivateIpAddress": Input(TEXT),
        "ClientToken": Input(TEXT),
        "KernelId": Input(TEXT),
        "RamdiskId": Input(TEXT),
        "AdditionalInfo": Input(TEXT),
    },
)
