"""Waiting for machine images, for the actions that make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.automation.action import StepResult
from rehearsal.automation.actions._aws import request
from rehearsal.automation.errors import StepFailedError
from rehearsal.automation.statuses import FailureStage, FailureType

if TYPE_CHECKING:
    from rehearsal.automation.action import StepContext

_STAGE = "verifying the image is available"
_LOST = frozenset({"failed", "invalid", "error", "deregistered"})


def await_image(context: StepContext, image_id: str) -> StepResult:
    """Wait until the image is available and return it as the step's outputs."""
    context.show_outputs({"ImageId": image_id})
    state = "pending"
    for _ in context.pauses(_STAGE):
        images = request(context, "ec2", "describe_images", ImageIds=[image_id])["Images"]
        state = str(images[0]["State"]) if images else "pending"
        outputs = {"ImageId": image_id, "ImageState": state}
        if state == "available":
            return StepResult(outputs=outputs, payload=outputs)
        if state in _LOST:
            raise StepFailedError(
                f"Image {image_id} is {state}",
                stage=_STAGE,
                failure_stage=FailureStage.POST_VERIFICATION,
                failure_type=FailureType.VERIFICATION,
                outputs=dict(outputs),
            )
    return StepResult()
