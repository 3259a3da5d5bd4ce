"""`aws:createImage`: make a machine image of an instance (reference §3.6)."""

from __future__ import annotations

from typing import Any

from rehearsal.automation.action import FLAG, LIST, TEXT, Action, Input, StepContext, StepResult, flag
from rehearsal.automation.actions._aws import request
from rehearsal.automation.actions._images import await_image
from rehearsal.automation.statuses import Impact


def run(context: StepContext) -> StepResult:
    """Create the image and wait until it is available."""
    inputs = context.inputs
    wanted: dict[str, Any] = {"InstanceId": inputs["InstanceId"], "Name": inputs["ImageName"]}
    if inputs.get("ImageDescription"):
        wanted["Description"] = inputs["ImageDescription"]
    if inputs.get("NoReboot") not in (None, ""):
        wanted["NoReboot"] = flag(inputs["NoReboot"], "NoReboot")
    if inputs.get("BlockDeviceMappings"):
        wanted["BlockDeviceMappings"] = inputs["BlockDeviceMappings"]
    return await_image(context, str(request(context, "ec2", "create_image", **wanted)["ImageId"]))


ACTION = Action(
    name="aws:createImage",
    run=run,
    impact=Impact.MUTATING,
    inputs={
        "InstanceId": Input(TEXT, required=True),
        "ImageName": Input(TEXT, required=True),
        "ImageDescription": Input(TEXT),
        "NoReboot": Input(FLAG),
        "BlockDeviceMappings": Input(LIST),
    },
)
