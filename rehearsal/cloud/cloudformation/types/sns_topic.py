"""AWS::SNS::Topic."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

ATTRIBUTES = (
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoTopic",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
)


class Topic(ResourceType):
    """A topic with the subscriptions that are written inside it. Ref yields its ARN."""

    type_name = "AWS::SNS::Topic"
    supported = frozenset({*ATTRIBUTES, "Subscription", "TopicName"})
    in_place = frozenset({*ATTRIBUTES, "Tags"}) - {"FifoTopic"}

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the topic and its subscriptions."""
        sns = context.client("sns")
        attributes = {name: _text(properties[name]) for name in ATTRIBUTES if name in properties}
        arn = sns.create_topic(
            Name=properties.get("TopicName") or context.name(256), Attributes=attributes, Tags=context.tags(properties)
        )["TopicArn"]
        for each in properties.get("Subscription", []):
            sns.subscribe(TopicArn=arn, Protocol=each["Protocol"], Endpoint=each["Endpoint"])
        return Made(arn, {"TopicArn": arn, "TopicName": arn.rsplit(":", 1)[1]})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change attributes and tags."""
        sns = context.client("sns")
        for name in ATTRIBUTES:
            if new.get(name) != old.get(name):
                sns.set_topic_attributes(
                    TopicArn=made.physical_id, AttributeName=name, AttributeValue=_text(new.get(name, ""))
                )
        context.retag(
            old,
            new,
            tag=lambda tags: sns.tag_resource(ResourceArn=made.physical_id, Tags=tags),
            untag=lambda keys: sns.untag_resource(ResourceArn=made.physical_id, TagKeys=keys),
        )
        return made

    def replaces(self, changed: frozenset[str], old: Properties, new: Properties) -> bool:
        """Replace the topic for other inner subscriptions too."""
        return "Subscription" in changed or super().replaces(changed, old, new)

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the topic with its subscriptions."""
        context.client("sns").delete_topic(TopicArn=made.physical_id)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
