"""`aws:copyImage`: copy a machine image into the current Region (reference §3.5)."""

from __future__ import annotations

from typing import Any

from rehearsal.automation.action import FLAG, TEXT, Action, Input, StepContext, StepResult, flag
from rehearsal.automation.actions._aws import request
from rehearsal.automation.actions._images import await_image
from rehearsal.automation.statuses import Impact


def run(context: StepContext) -> StepResult:
    """Copy the image and wait until it is available."""
    inputs = context.inputs
    wanted: dict[str, Any] = {
        "SourceRegion": inputs["SourceRegion"],
        "SourceImageId": inputs["SourceImageId"],
        "Name": inputs["ImageName"],
    }
    optional = {"Description": "ImageDescription", "KmsKeyId": "KmsKeyId", "ClientToken": "ClientToken"}
    wanted |= {name: inputs[source] for name, source in optional.items() if inputs.get(source)}
    if inputs.get("Encrypted") not in (None, ""):
        wanted["Encrypted"] = flag(inputs["Encrypted"], "Encrypted")
    return await_image(context, str(request(context, "ec2", "copy_image", **wanted)["ImageId"]))


ACTION = Action(
    name="aws:copyImage",
    run=run,
    impact=Impact.MUTATING,
    inputs={
        "SourceRegion": Input(TEXT, required=True),
        "SourceImageId": Input(TEXT, required=True),
        "ImageName": Input(TEXT, required=True),
        "ImageDescription": Input(TEXT),
        "Encrypted": Input(FLAG),
        "KmsKeyId": Input(TEXT),
        "ClientToken": Input(TEXT),
    },
)
