"""AWS::EC2::VPC."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.api_type import Ec2Type
from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties

SWITCHES = ("EnableDnsSupport", "EnableDnsHostnames")


class Vpc(Ec2Type):
    """A VPC; its default security group and network ACL come with it."""

    type_name = "AWS::EC2::VPC"
    supported = frozenset({"CidrBlock", "InstanceTenancy", *SWITCHES})
    in_place = frozenset({"Tags", *SWITCHES})
    create_operation = "create_vpc"
    arguments = ("CidrBlock", "InstanceTenancy")
    identifier = "Vpc.VpcId"
    attributes = "{VpcId: Vpc.VpcId, CidrBlock: Vpc.CidrBlock}"
    delete_operation = "delete_vpc"
    delete_argument = "VpcId"

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the VPC with its DNS attributes."""
        made = super().create(context, properties)
        self._switch(context, made, properties)
        by_vpc = [{"Name": "vpc-id", "Values": [made.physical_id]}]
        ec2 = context.client("ec2")
        groups = ec2.describe_security_groups(Filters=[*by_vpc, {"Name": "group-name", "Values": ["default"]}])
        lists = ec2.describe_network_acls(Filters=[*by_vpc, {"Name": "default", "Values": ["true"]}])
        attributes = {
            **made.attributes,
            "DefaultSecurityGroup": groups["SecurityGroups"][0]["GroupId"],
            "DefaultNetworkAcl": lists["NetworkAcls"][0]["NetworkAclId"],
        }
        return Made(made.physical_id, attributes)

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change DNS attributes and tags."""
        self._switch(context, made, new)
        return super().update(context, made, old, new)

    def _switch(self, context: Context, made: Made, properties: Properties) -> None:
        for name in SWITCHES:
            if name in properties:
                context.client("ec2").modify_vpc_attribute(
                    VpcId=made.physical_id, **{name: {"Value": properties[name]}}
                )
