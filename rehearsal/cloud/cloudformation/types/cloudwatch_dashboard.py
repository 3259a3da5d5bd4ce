"""AWS::CloudWatch::Dashboard."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.errors import ResourceFailed
from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class Dashboard(ResourceType):
    """A dashboard."""

    type_name = "AWS::CloudWatch::Dashboard"
    in_place = frozenset({"DashboardBody"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Put the dashboard."""
        return self._put(context, properties.get("DashboardName") or context.name(), properties)

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Put the dashboard again."""
        return self._put(context, made.physical_id, new)

    def _put(self, context: Context, name: str, properties: Properties) -> Made:
        answer = context.client("cloudwatch").put_dashboard(
            DashboardName=name, DashboardBody=properties["DashboardBody"]
        )
        if answer.get("DashboardValidationMessages"):
            raise ResourceFailed(answer["DashboardValidationMessages"][0]["Message"])
        return Made(name)

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the dashboard."""
        context.client("cloudwatch").delete_dashboards(DashboardNames=[made.physical_id])
