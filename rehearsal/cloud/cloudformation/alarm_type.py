"""What metric and composite alarms have in common: one operation puts them, anew and again."""

from __future__ import annotations

from typing import ClassVar

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class AlarmType(ResourceType):
    """An alarm. `settings` are the properties that `put_operation` takes under the same name."""

    settings: ClassVar[tuple[str, ...]]
    put_operation: ClassVar[str]

    def create(self, context: Context, properties: Properties) -> Made:
        """Put the alarm."""
        name = properties.get("AlarmName") or context.name(255)
        return self._put(context, name, properties)

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Put the alarm again; what is put on an alarm that there is leaves its tags alone."""
        cloudwatch, arn = context.client("cloudwatch"), made.attributes["Arn"]
        context.retag(
            old,
            new,
            tag=lambda tags: cloudwatch.tag_resource(ResourceARN=arn, Tags=tags),
            untag=lambda keys: cloudwatch.untag_resource(ResourceARN=arn, TagKeys=keys),
        )
        return self._put(context, made.physical_id, new)

    def _put(self, context: Context, name: str, properties: Properties) -> Made:
        request = {key: properties[key] for key in self.settings if key in properties}
        put = getattr(context.client("cloudwatch"), self.put_operation)
        put(AlarmName=name, Tags=context.tags(properties), **request)
        arn = f"arn:aws:cloudwatch:{context.region}:{context.account_id}:alarm:{name}"
        return Made(name, {"Arn": arn})

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the alarm."""
        context.client("cloudwatch").delete_alarms(AlarmNames=[made.physical_id])
