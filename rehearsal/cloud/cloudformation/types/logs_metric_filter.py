"""AWS::Logs::MetricFilter."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class MetricFilter(ResourceType):
    """A metric filter of a log group."""

    type_name = "AWS::Logs::MetricFilter"
    supported = frozenset({"FilterName", "FilterPattern", "LogGroupName", "MetricTransformations"})
    in_place = frozenset({"FilterPattern", "MetricTransformations"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Put the filter."""
        name = properties.get("FilterName") or context.name()
        self._put(context, name, properties)
        return Made(name)

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Put the filter again."""
        self._put(context, made.physical_id, new)
        return made

    def _put(self, context: Context, name: str, properties: Properties) -> None:
        context.client("logs").put_metric_filter(
            logGroupName=properties["LogGroupName"],
            filterName=name,
            filterPattern=properties["FilterPattern"],
            metricTransformations=[_transformation(each) for each in properties["MetricTransformations"]],
        )

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """Delete the filter."""
        context.client("logs").delete_metric_filter(
            logGroupName=properties["LogGroupName"], filterName=made.physical_id
        )


def _transformation(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a transformation with the API's lower-case names."""
    made = {name[0].lower() + name[1:]: value for name, value in spec.items()}
    made["metricValue"] = str(made["metricValue"])
    if "dimensions" in made:
        made["dimensions"] = {each["Key"]: each["Value"] for each in made["dimensions"]}
    return made
