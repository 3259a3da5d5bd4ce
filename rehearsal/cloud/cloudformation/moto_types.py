"""Resource types that nobody wrote for this endpoint but that moto's own models create.

They honour what moto honours, which can be less than the type's properties: a type that a library relies on deserves a
file in `types/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.parsing import get_model_map

from rehearsal.cloud.cloudformation.errors import ResourceFailed
from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType
from rehearsal.cloud.cloudformation.schema import type_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

# moto lists its own stack class and a placeholder among its models.
NOT_TYPES = frozenset({"AWS::CloudFormation::Stack", "?", "AWS::SERVICE::RESOURCE"})


class MotoType(ResourceType):
    """Adapts one of moto's CloudFormation models."""

    def __init__(self, type_name: str, model: Any) -> None:
        self.type_name = type_name  # type: ignore[misc]  # every instance is a type of its own
        self._model = model

    def create(self, context: Context, properties: Properties) -> Made:
        """Let moto create the resource, under a generated name unless the template names it."""
        name_property = self._model.cloudformation_name_type()
        name = properties.get(name_property) if name_property else None
        made = self._model.create_from_cloudformation_json(
            name or context.name(63, lower=True),
            {"Type": self.type_name, "Properties": properties},
            context.account_id,
            context.region,
            LogicalId=context.logical_id,
            StackId=context.stack_id,
            ResourceType=self.type_name,
        )
        return Made(str(made.physical_resource_id), dict(self._attributes(made)))

    def _attributes(self, made: Any) -> Iterator[tuple[str, Any]]:
        for name in type_schema(self.type_name).read_only:
            try:
                yield name, made.get_cfn_attribute(name)
            except Exception:  # noqa: BLE001, S112 - moto raises anything for an attribute that it does not know
                continue

    def replaces(self, changed: frozenset[str], old: Properties, new: Properties) -> bool:  # noqa: ARG002 - as inherited
        """Replace on every change: moto's own updates mostly do nothing."""
        return True

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """Let moto delete the resource."""
        remove = self._model.delete_from_cloudformation_json
        if hasattr(remove, "__isabstractmethod__"):
            raise ResourceFailed(f"This endpoint cannot delete {self.type_name}: moto has no way to.")
        remove(made.physical_id, {"Type": self.type_name, "Properties": properties}, context.account_id, context.region)


def moto_types() -> Iterator[tuple[str, ResourceType]]:
    """Yield moto's types that the registry has a schema of."""
    for name, model in get_model_map().items():
        if name in NOT_TYPES:
            continue
        try:
            type_schema(name)
        except LookupError:
            continue
        yield name, MotoType(name, model)
