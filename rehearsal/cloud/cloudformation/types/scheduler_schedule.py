"""AWS::Scheduler::Schedule and AWS::Scheduler::ScheduleGroup."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

SETTINGS = (
    "Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "ScheduleExpression",
    "ScheduleExpressionTimezone", "StartDate", "State", "Target",
)  # fmt: skip


class Schedule(ResourceType):
    """A schedule of EventBridge Scheduler."""

    type_name = "AWS::Scheduler::Schedule"
    supported = frozenset({*SETTINGS, "Name"})
    in_place = frozenset(SETTINGS) - {"GroupName"}

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the schedule."""
        name = properties.get("Name") or context.name(64)
        request = {key: properties[key] for key in SETTINGS if key in properties}
        arn = context.client("scheduler").create_schedule(Name=name, **request)["ScheduleArn"]
        return Made(name, {"Arn": arn})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Write the schedule again."""
        request = {key: new[key] for key in SETTINGS if key in new}
        context.client("scheduler").update_schedule(Name=made.physical_id, **request)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """Delete the schedule."""
        group = {"GroupName": properties["GroupName"]} if "GroupName" in properties else {}
        context.client("scheduler").delete_schedule(Name=made.physical_id, **group)


class ScheduleGroup(ResourceType):
    """A group of schedules."""

    type_name = "AWS::Scheduler::ScheduleGroup"

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the group."""
        name = properties.get("Name") or context.name(64)
        arn = context.client("scheduler").create_schedule_group(Name=name, Tags=context.tags(properties))
        return Made(name, {"Arn": arn["ScheduleGroupArn"], "State": "ACTIVE"})

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the group."""
        context.client("scheduler").delete_schedule_group(Name=made.physical_id)
