"""AWS::Events::Rule."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class Rule(ResourceType):
    """An EventBridge rule with its targets."""

    type_name = "AWS::Events::Rule"
    supported = frozenset(
        {"Description", "EventBusName", "EventPattern", "Name", "RoleArn", "ScheduleExpression", "State", "Targets"}
    )
    in_place = frozenset({"Description", "EventPattern", "RoleArn", "ScheduleExpression", "State", "Targets", "Tags"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Put the rule and its targets."""
        name = properties.get("Name") or context.name(64)
        arn = self._put(context, name, properties, Tags=context.tags(properties))
        self._target(context, name, {}, properties)
        return Made(name, {"Arn": arn})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Put the rule again and exchange its targets."""
        self._put(context, made.physical_id, new)
        self._target(context, made.physical_id, old, new)
        events, arn = context.client("events"), made.attributes["Arn"]
        context.retag(
            old,
            new,
            tag=lambda tags: events.tag_resource(ResourceARN=arn, Tags=tags),
            untag=lambda keys: events.untag_resource(ResourceARN=arn, TagKeys=keys),
        )
        return made

    def _put(self, context: Context, name: str, properties: Properties, **more: Any) -> str:
        same = ("Description", "EventBusName", "RoleArn", "ScheduleExpression", "State")
        request: dict[str, Any] = {key: properties[key] for key in same if key in properties}
        if "EventPattern" in properties:
            pattern = properties["EventPattern"]
            request["EventPattern"] = pattern if isinstance(pattern, str) else json.dumps(pattern)
        return str(context.client("events").put_rule(Name=name, **request, **more)["RuleArn"])

    def _target(self, context: Context, name: str, old: Properties, new: Properties) -> None:
        events, bus = context.client("events"), _bus(new or old)
        kept = {target["Id"] for target in new.get("Targets", [])}
        if gone := [target["Id"] for target in old.get("Targets", []) if target["Id"] not in kept]:
            events.remove_targets(Rule=name, Ids=gone, **bus)
        if new.get("Targets"):
            events.put_targets(Rule=name, Targets=new["Targets"], **bus)

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """Remove the targets and delete the rule."""
        self._target(context, made.physical_id, properties, {})
        context.client("events").delete_rule(Name=made.physical_id, **_bus(properties))


def _bus(properties: Properties) -> dict[str, str]:
    return {"EventBusName": properties["EventBusName"]} if "EventBusName" in properties else {}
