"""AWS::EC2::NatGateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.cloudformation.api_type import Ec2Type

if TYPE_CHECKING:
    from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties


class NatGateway(Ec2Type):
    """A NAT gateway, complete once it is available."""

    type_name = "AWS::EC2::NatGateway"
    supported = frozenset({"AllocationId", "ConnectivityType", "SubnetId"})
    create_operation = "create_nat_gateway"
    arguments = ("SubnetId", "AllocationId", "ConnectivityType")
    identifier = "NatGateway.NatGatewayId"
    attributes = "{NatGatewayId: NatGateway.NatGatewayId}"
    delete_operation = "delete_nat_gateway"
    delete_argument = "NatGatewayId"

    def stabilize(self, context: Context, made: Made, properties: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Wait until the gateway routes."""

        def available() -> bool:
            found = context.client("ec2").describe_nat_gateways(NatGatewayIds=[made.physical_id])["NatGateways"]
            return bool(found and found[0]["State"] == "available")

        context.wait_until(available, 120, f"NAT gateway {made.physical_id}")
        return made
