"""AWS::EC2::Subnet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.cloudformation.api_type import Ec2Type

if TYPE_CHECKING:
    from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties


class Subnet(Ec2Type):
    """A subnet."""

    type_name = "AWS::EC2::Subnet"
    supported = frozenset({"AvailabilityZone", "CidrBlock", "MapPublicIpOnLaunch", "VpcId"})
    in_place = frozenset({"Tags", "MapPublicIpOnLaunch"})
    create_operation = "create_subnet"
    arguments = ("VpcId", "CidrBlock", "AvailabilityZone")
    identifier = "Subnet.SubnetId"
    attributes = (
        "{SubnetId: Subnet.SubnetId, AvailabilityZone: Subnet.AvailabilityZone, "
        "CidrBlock: Subnet.CidrBlock, VpcId: Subnet.VpcId}"
    )
    delete_operation = "delete_subnet"
    delete_argument = "SubnetId"

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the subnet and say whether its instances get public addresses."""
        made = super().create(context, properties)
        self._map(context, made, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change the mapping of public addresses, and tags."""
        self._map(context, made, new)
        return super().update(context, made, old, new)

    def _map(self, context: Context, made: Made, properties: Properties) -> None:
        context.client("ec2").modify_subnet_attribute(
            SubnetId=made.physical_id, MapPublicIpOnLaunch={"Value": properties.get("MapPublicIpOnLaunch", False)}
        )
