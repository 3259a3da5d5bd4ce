"""AWS::EC2::InternetGateway."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.api_type import Ec2Type


class InternetGateway(Ec2Type):
    """An internet gateway, not yet attached to a VPC."""

    type_name = "AWS::EC2::InternetGateway"
    create_operation = "create_internet_gateway"
    identifier = "InternetGateway.InternetGatewayId"
    attributes = "{InternetGatewayId: InternetGateway.InternetGatewayId}"
    delete_operation = "delete_internet_gateway"
    delete_argument = "InternetGatewayId"
