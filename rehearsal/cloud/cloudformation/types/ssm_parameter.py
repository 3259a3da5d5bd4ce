"""AWS::SSM::Parameter."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

VALUES = ("AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value")


class Parameter(ResourceType):
    """A parameter of Parameter Store."""

    type_name = "AWS::SSM::Parameter"
    in_place = frozenset({*VALUES, "Tags"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the parameter."""
        name = properties.get("Name") or context.name()
        self._put(context, name, properties, Overwrite=False)
        context.client("ssm").add_tags_to_resource(
            ResourceType="Parameter", ResourceId=name, Tags=context.tags(properties)
        )
        return Made(name, {"Type": properties["Type"], "Value": properties["Value"]})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Write a new version."""
        self._put(context, made.physical_id, new, Overwrite=True)
        return Made(made.physical_id, {"Type": new["Type"], "Value": new["Value"]})

    def _put(self, context: Context, name: str, properties: Properties, **more: Any) -> None:
        values = {key: properties[key] for key in VALUES if key in properties}
        context.client("ssm").put_parameter(Name=name, **values, **more)

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the parameter."""
        context.client("ssm").delete_parameter(Name=made.physical_id)
