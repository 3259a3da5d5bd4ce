"""AWS::EC2::EIPAssociation."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.api_type import ApiType


class ElasticIpAssociation(ApiType):
    """An Elastic IP on an instance or a network interface."""

    type_name = "AWS::EC2::EIPAssociation"
    supported = frozenset({"AllocationId", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress"})
    service = "ec2"
    create_operation = "associate_address"
    arguments = ("AllocationId", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress")
    identifier = "AssociationId"
    attributes = "{Id: AssociationId}"
    delete_operation = "disassociate_address"
    delete_argument = "AssociationId"
