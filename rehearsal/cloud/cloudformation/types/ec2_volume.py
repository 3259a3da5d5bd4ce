"""AWS::EC2::Volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.cloudformation.api_type import Ec2Type

if TYPE_CHECKING:
    from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties


class Volume(Ec2Type):
    """An EBS volume; with the DeletionPolicy Snapshot a snapshot is taken before it is deleted."""

    type_name = "AWS::EC2::Volume"
    supported = frozenset(
        {"AvailabilityZone", "Encrypted", "Iops", "KmsKeyId", "Size", "SnapshotId", "Throughput", "VolumeType"}
    )
    in_place = frozenset({"Tags", "Iops", "Size", "Throughput", "VolumeType"})
    create_operation = "create_volume"
    arguments = (
        "AvailabilityZone", "Encrypted", "Iops", "KmsKeyId", "Size", "SnapshotId", "Throughput", "VolumeType",
    )  # fmt: skip
    identifier = "VolumeId"
    attributes = "{VolumeId: VolumeId}"
    delete_operation = "delete_volume"
    delete_argument = "VolumeId"

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Modify size, type and performance; a volume never shrinks."""
        changed = {
            name: new[name]
            for name in ("Iops", "Size", "Throughput", "VolumeType")
            if name in new and new[name] != old.get(name)
        }
        if changed:
            context.client("ec2").modify_volume(VolumeId=made.physical_id, **changed)
        return super().update(context, made, old, new)

    def snapshot(self, context: Context, made: Made) -> None:
        """Keep a snapshot."""
        context.client("ec2").create_snapshot(
            VolumeId=made.physical_id, Description=f"Final snapshot of {context.stack_name}/{context.logical_id}"
        )
