"""AWS::EC2::FlowLog."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.cloudformation.errors import ResourceFailed
from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class FlowLog(ResourceType):
    """A flow log of a VPC, subnet or interface: inventory only, no traffic is recorded."""

    type_name = "AWS::EC2::FlowLog"
    in_place = frozenset({"Tags"})
    supported = frozenset(
        {"DeliverLogsPermissionArn", "LogDestination", "LogDestinationType", "LogFormat", "LogGroupName",
         "MaxAggregationInterval", "ResourceId", "ResourceType", "TrafficType"}
    )  # fmt: skip

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the flow log."""
        request: dict[str, Any] = {key: value for key, value in properties.items() if key not in ("ResourceId", "Tags")}
        answer = context.client("ec2").create_flow_logs(ResourceIds=[properties["ResourceId"]], **request)
        if answer.get("Unsuccessful"):
            raise ResourceFailed(answer["Unsuccessful"][0]["Error"]["Message"])
        made = Made(answer["FlowLogIds"][0], {"Id": answer["FlowLogIds"][0]})
        context.client("ec2").create_tags(Resources=[made.physical_id], Tags=context.tags(properties))
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Change tags."""
        context.client("ec2").create_tags(Resources=[made.physical_id], Tags=context.tags(new))
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the flow log."""
        context.client("ec2").delete_flow_logs(FlowLogIds=[made.physical_id])
