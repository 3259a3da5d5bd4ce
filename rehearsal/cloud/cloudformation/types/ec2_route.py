"""AWS::EC2::Route."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

TARGETS = frozenset(
    {
        "GatewayId",
        "InstanceId",
        "NatGatewayId",
        "NetworkInterfaceId",
        "TransitGatewayId",
        "VpcPeeringConnectionId",
        "EgressOnlyInternetGatewayId",
    }
)


class Route(ResourceType):
    """One route of a route table."""

    type_name = "AWS::EC2::Route"
    supported = TARGETS | {"RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock"}
    in_place = TARGETS

    def create(self, context: Context, properties: Properties) -> Made:
        """Add the route."""
        context.client("ec2").create_route(**properties)
        destination = properties.get("DestinationCidrBlock") or properties.get("DestinationIpv6CidrBlock")
        return Made(f"{properties['RouteTableId']}|{destination}", {"CidrBlock": destination})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Point the route elsewhere."""
        context.client("ec2").replace_route(**new)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Remove the route."""
        where = {key: value for key, value in properties.items() if key not in TARGETS}
        context.client("ec2").delete_route(**where)
