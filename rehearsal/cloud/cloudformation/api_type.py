"""The common case of a resource type: one operation creates it, one deletes it, GetAtt reads the first one's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import jmespath

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping


class ApiType(ResourceType):
    """A type told by data; a subclass overrides what is more than that.

    `arguments` are the properties that `create_operation` takes under the same name. `identifier` and
    `attributes`, which yields an object, are JMESPath expressions on its answer.
    """

    service: ClassVar[str]
    create_operation: ClassVar[str]
    arguments: ClassVar[tuple[str, ...]] = ()
    identifier: ClassVar[str]
    attributes: ClassVar[str] = ""
    delete_operation: ClassVar[str]
    delete_argument: ClassVar[str]

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the resource and tell its attributes."""
        answer = getattr(context.client(self.service), self.create_operation)(**self.request(context, properties))
        return self.made(answer)

    def request(self, context: Context, properties: Properties) -> dict[str, Any]:  # noqa: ARG002 - for overrides
        """Return the arguments of the creating operation."""
        return {name: properties[name] for name in self.arguments if name in properties}

    def made(self, answer: Mapping[str, Any]) -> Made:
        """Read the creating operation's answer."""
        attributes = jmespath.search(self.attributes, answer) if self.attributes else {}
        return Made(
            str(jmespath.search(self.identifier, answer)),
            {name: value for name, value in attributes.items() if value is not None},
        )

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - for overrides
        """Delete the resource by its physical ID."""
        getattr(context.client(self.service), self.delete_operation)(**{self.delete_argument: made.physical_id})


class Ec2Type(ApiType):
    """A type of EC2 with an ID and tags."""

    service = "ec2"
    in_place = frozenset({"Tags"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the resource and tag it."""
        made = super().create(context, properties)
        self.tag(context, made, properties)
        return made

    def tag(self, context: Context, made: Made, properties: Properties) -> None:
        """Set the resource's tags, those of CloudFormation included."""
        context.client("ec2").create_tags(Resources=[self.taggable(made)], Tags=context.tags(properties))

    def taggable(self, made: Made) -> str:
        """Return the ID under which EC2 tags the resource."""
        return made.physical_id

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change the tags; subclasses change more before."""
        gone = {tag["Key"] for tag in old.get("Tags") or []} - {tag["Key"] for tag in new.get("Tags") or []}
        if gone:
            context.client("ec2").delete_tags(
                Resources=[self.taggable(made)], Tags=[{"Key": key} for key in sorted(gone)]
            )
        # Where no property changed, tags of the stack did. What did not change must not need the right to be changed.
        if old.get("Tags") != new.get("Tags") or dict(old) == dict(new):
            self.tag(context, made, new)
        return made
