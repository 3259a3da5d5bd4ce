"""AWS::EC2::RouteTable."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.api_type import Ec2Type


class RouteTable(Ec2Type):
    """A route table with the VPC's local route."""

    type_name = "AWS::EC2::RouteTable"
    create_operation = "create_route_table"
    arguments = ("VpcId",)
    identifier = "RouteTable.RouteTableId"
    attributes = "{RouteTableId: RouteTable.RouteTableId}"
    delete_operation = "delete_route_table"
    delete_argument = "RouteTableId"
