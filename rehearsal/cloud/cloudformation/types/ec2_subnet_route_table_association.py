"""AWS::EC2::SubnetRouteTableAssociation."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.api_type import ApiType


class SubnetRouteTableAssociation(ApiType):
    """The route table of a subnet."""

    type_name = "AWS::EC2::SubnetRouteTableAssociation"
    service = "ec2"
    create_operation = "associate_route_table"
    arguments = ("RouteTableId", "SubnetId")
    identifier = "AssociationId"
    attributes = "{Id: AssociationId}"
    delete_operation = "disassociate_route_table"
    delete_argument = "AssociationId"
