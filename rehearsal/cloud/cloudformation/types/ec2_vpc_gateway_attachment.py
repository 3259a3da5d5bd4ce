"""AWS::EC2::VPCGatewayAttachment."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class VpcGatewayAttachment(ResourceType):
    """An internet gateway attached to a VPC."""

    type_name = "AWS::EC2::VPCGatewayAttachment"
    supported = frozenset({"InternetGatewayId", "VpcId"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Attach the gateway."""
        context.client("ec2").attach_internet_gateway(**properties)
        return Made(f"IGW|{properties['VpcId']}", {"AttachmentType": "IGW"})

    def replaces(self, changed: frozenset[str], old: Properties, new: Properties) -> bool:  # noqa: ARG002 - as inherited
        """Attach anew whatever changes."""
        return True

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Detach the gateway."""
        context.client("ec2").detach_internet_gateway(**properties)
