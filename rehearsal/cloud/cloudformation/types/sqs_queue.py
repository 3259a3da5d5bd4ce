"""AWS::SQS::Queue."""

from __future__ import annotations

import json

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType, as_map

ATTRIBUTES = (
    "ContentBasedDeduplication", "DelaySeconds", "FifoQueue", "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId",
    "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "RedriveAllowPolicy",
    "RedrivePolicy", "SqsManagedSseEnabled", "VisibilityTimeout",
)  # fmt: skip
# What an attribute is again once a template no longer has it (SQS API reference, SetQueueAttributes).
DEFAULTS = {
    "DelaySeconds": "0", "KmsMasterKeyId": "", "MaximumMessageSize": "262144", "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0", "RedriveAllowPolicy": "", "RedrivePolicy": "", "VisibilityTimeout": "30",
}  # fmt: skip


class Queue(ResourceType):
    """A queue. Ref yields its URL."""

    type_name = "AWS::SQS::Queue"
    supported = frozenset({*ATTRIBUTES, "QueueName"})
    in_place = frozenset({*ATTRIBUTES, "Tags"}) - {"FifoQueue"}

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the queue."""
        sqs = context.client("sqs")
        suffix = ".fifo" if properties.get("FifoQueue") else ""
        name = properties.get("QueueName") or context.name(80 - len(suffix)) + suffix
        tags = {tag["Key"]: tag["Value"] for tag in context.tags(properties)}
        url = sqs.create_queue(QueueName=name, Attributes=_attributes(properties), tags=tags)["QueueUrl"]
        arn = f"arn:aws:sqs:{context.region}:{context.account_id}:{name}"
        return Made(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change attributes and tags."""
        sqs = context.client("sqs")
        gone = {key: DEFAULTS[key] for key in DEFAULTS if key in old and key not in new}
        changeable = {key: value for key, value in _attributes(new).items() if key != "FifoQueue"}
        sqs.set_queue_attributes(QueueUrl=made.physical_id, Attributes=gone | changeable)
        context.retag(
            old,
            new,
            tag=lambda tags: sqs.tag_queue(QueueUrl=made.physical_id, Tags=as_map(tags)),
            untag=lambda keys: sqs.untag_queue(QueueUrl=made.physical_id, TagKeys=keys),
        )
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the queue."""
        context.client("sqs").delete_queue(QueueUrl=made.physical_id)


def _attributes(properties: Properties) -> dict[str, str]:
    made = {}
    for name in ATTRIBUTES:
        if name in properties:
            value = properties[name]
            if isinstance(value, dict):
                made[name] = json.dumps(value)
            else:
                made[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return made
