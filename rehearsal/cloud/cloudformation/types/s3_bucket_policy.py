"""AWS::S3::BucketPolicy."""

from __future__ import annotations

import json

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class BucketPolicy(ResourceType):
    """The policy of a bucket."""

    type_name = "AWS::S3::BucketPolicy"
    in_place = frozenset({"PolicyDocument"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Put the policy."""
        context.client("s3").put_bucket_policy(
            Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"])
        )
        return Made(properties["Bucket"])

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Put the policy again."""
        return self.create(context, new)

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the policy."""
        context.client("s3").delete_bucket_policy(Bucket=made.physical_id)
