"""AWS::KMS::Alias."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class Alias(ResourceType):
    """Another name of a key."""

    type_name = "AWS::KMS::Alias"
    in_place = frozenset({"TargetKeyId"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the alias."""
        context.client("kms").create_alias(**properties)
        return Made(properties["AliasName"])

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Let the alias name another key."""
        context.client("kms").update_alias(**new)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the alias."""
        context.client("kms").delete_alias(AliasName=made.physical_id)
