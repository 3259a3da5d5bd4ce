"""AWS::SNS::TopicPolicy."""

from __future__ import annotations

import json

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class TopicPolicy(ResourceType):
    """The policy of topics."""

    type_name = "AWS::SNS::TopicPolicy"
    in_place = frozenset({"PolicyDocument", "Topics"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Put the policy on every topic."""
        self._put(context, properties)
        name = context.name()
        return Made(name, {"Id": name})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Put the policy again, and take it from topics that are no longer named."""
        self.delete(context, made, {"Topics": [topic for topic in old["Topics"] if topic not in new["Topics"]]})
        self._put(context, new)
        return made

    def _put(self, context: Context, properties: Properties) -> None:
        for topic in properties["Topics"]:
            context.client("sns").set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(properties["PolicyDocument"])
            )

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Give the topics their owner's policy back."""
        for topic in properties["Topics"]:
            owner = {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{context.account_id}:root"},
                     "Action": "sns:*", "Resource": topic}
                ],
            }  # fmt: skip
            context.client("sns").set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(owner)
            )
