"""AWS::EC2::EIP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.cloudformation.api_type import Ec2Type

if TYPE_CHECKING:
    from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties


class ElasticIp(Ec2Type):
    """An Elastic IP: Ref yields the address, and with InstanceId it is associated at once."""

    type_name = "AWS::EC2::EIP"
    supported = frozenset({"Domain", "InstanceId"})
    in_place = frozenset({"Tags", "InstanceId"})
    create_operation = "allocate_address"
    arguments = ("Domain",)
    identifier = "PublicIp"
    attributes = "{AllocationId: AllocationId, PublicIp: PublicIp}"

    def taggable(self, made: Made) -> str:
        """Return the allocation's ID: EC2 does not tag addresses themselves."""
        return str(made.attributes["AllocationId"])

    def create(self, context: Context, properties: Properties) -> Made:
        """Allocate the address, and associate it when an instance is named."""
        made = super().create(context, properties)
        self._associate(context, made, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Move the address to another instance."""
        if old.get("InstanceId") != new.get("InstanceId"):
            self._disassociate(context, made)
            self._associate(context, made, new)
        return super().update(context, made, old, new)

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Release the address."""
        self._disassociate(context, made)
        context.client("ec2").release_address(AllocationId=made.attributes["AllocationId"])

    def _associate(self, context: Context, made: Made, properties: Properties) -> None:
        if properties.get("InstanceId"):
            context.client("ec2").associate_address(
                AllocationId=made.attributes["AllocationId"], InstanceId=properties["InstanceId"]
            )

    def _disassociate(self, context: Context, made: Made) -> None:
        ec2 = context.client("ec2")
        (address,) = ec2.describe_addresses(AllocationIds=[made.attributes["AllocationId"]])["Addresses"]
        if address.get("AssociationId"):
            ec2.disassociate_address(AssociationId=address["AssociationId"])
