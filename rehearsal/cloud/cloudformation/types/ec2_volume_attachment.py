"""AWS::EC2::VolumeAttachment."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class VolumeAttachment(ResourceType):
    """A volume attached to an instance."""

    type_name = "AWS::EC2::VolumeAttachment"

    def create(self, context: Context, properties: Properties) -> Made:
        """Attach the volume."""
        context.client("ec2").attach_volume(**properties)
        return Made(f"{properties['VolumeId']}|{properties['InstanceId']}")

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Detach the volume, unless it went with its instance."""
        ec2 = context.client("ec2")
        (volume,) = ec2.describe_volumes(VolumeIds=[properties["VolumeId"]])["Volumes"]
        if volume["Attachments"]:
            ec2.detach_volume(VolumeId=properties["VolumeId"], InstanceId=properties["InstanceId"])
