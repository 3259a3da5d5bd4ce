"""AWS::SQS::QueuePolicy."""

from __future__ import annotations

import json

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class QueuePolicy(ResourceType):
    """The policy of queues."""

    type_name = "AWS::SQS::QueuePolicy"
    in_place = frozenset({"PolicyDocument", "Queues"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Put the policy on every queue."""
        self._put(context, properties["Queues"], json.dumps(properties["PolicyDocument"]))
        name = context.name()
        return Made(name, {"Id": name})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Put the policy again, and take it from queues that are no longer named."""
        self._put(context, [queue for queue in old["Queues"] if queue not in new["Queues"]], "")
        self._put(context, new["Queues"], json.dumps(new["PolicyDocument"]))
        return made

    def _put(self, context: Context, queues: list[str], policy: str) -> None:
        for queue in queues:
            context.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Take the policy from the queues."""
        self._put(context, properties["Queues"], "")
