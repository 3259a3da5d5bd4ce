"""AWS::SecretsManager::ResourcePolicy."""

from __future__ import annotations

import json

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class SecretPolicy(ResourceType):
    """The resource policy of a secret."""

    type_name = "AWS::SecretsManager::ResourcePolicy"
    supported = frozenset({"BlockPublicPolicy", "ResourcePolicy", "SecretId"})
    in_place = frozenset({"BlockPublicPolicy", "ResourcePolicy"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Put the policy."""
        context.client("secretsmanager").put_resource_policy(
            SecretId=properties["SecretId"], ResourcePolicy=json.dumps(properties["ResourcePolicy"])
        )
        return Made(properties["SecretId"], {"Id": properties["SecretId"]})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Put the policy again."""
        return self.create(context, new)

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the policy."""
        context.client("secretsmanager").delete_resource_policy(SecretId=made.physical_id)
