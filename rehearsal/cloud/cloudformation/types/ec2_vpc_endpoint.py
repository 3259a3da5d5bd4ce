"""AWS::EC2::VPCEndpoint."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class VpcEndpoint(ResourceType):
    """A VPC endpoint: inventory only, hosts reach the cloud by their default route."""

    type_name = "AWS::EC2::VPCEndpoint"
    supported = frozenset(
        {"PolicyDocument", "PrivateDnsEnabled", "RouteTableIds", "SecurityGroupIds", "ServiceName", "SubnetIds",
         "VpcEndpointType", "VpcId"}
    )  # fmt: skip

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the endpoint."""
        request: dict[str, Any] = {key: value for key, value in properties.items() if key != "Tags"}
        if "PolicyDocument" in request:
            request["PolicyDocument"] = json.dumps(request["PolicyDocument"])
        request.setdefault("VpcEndpointType", "Gateway")
        made = context.client("ec2").create_vpc_endpoint(**request)["VpcEndpoint"]["VpcEndpointId"]
        context.client("ec2").create_tags(Resources=[made], Tags=context.tags(properties))
        return Made(made, {"Id": made})

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the endpoint."""
        context.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[made.physical_id])
