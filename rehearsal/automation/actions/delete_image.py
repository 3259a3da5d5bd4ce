"""`aws:deleteImage`: deregister a machine image and delete its snapshots (reference §3.9)."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.automation.action import TEXT, Action, Input, StepContext, StepResult
from rehearsal.automation.actions._aws import error_code, failure_of, request
from rehearsal.automation.errors import StepFailedError
from rehearsal.automation.statuses import Impact

_STAGE = "deleting the snapshots of the image"


def run(context: StepContext) -> StepResult:
    """Look the snapshots up first, since a deregistered image no longer tells them."""
    image_id = str(context.inputs["ImageId"])
    images = request(context, "ec2", "describe_images", ImageIds=[image_id])["Images"]
    if not images:
        raise StepFailedError(f"Image {image_id} does not exist", stage="describing the image")
    mappings = images[0].get("BlockDeviceMappings", [])
    request(context, "ec2", "deregister_image", ImageId=image_id)
    for mapping in mappings:
        snapshot_id = mapping.get("Ebs", {}).get("SnapshotId")
        if snapshot_id:
            _delete(context, str(snapshot_id))
    return StepResult()


def _delete(context: StepContext, snapshot_id: str) -> None:
    for _ in context.pauses(_STAGE):
        try:
            context.client("ec2").delete_snapshot(SnapshotId=snapshot_id)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "InvalidSnapshot.InUse":  # deregistering is not finished yet
                continue
            raise failure_of(error, _STAGE) from error
        return


ACTION = Action(
    name="aws:deleteImage",
    run=run,
    impact=Impact.MUTATING,
    inputs={"ImageId": Input(TEXT, required=True)},
)
