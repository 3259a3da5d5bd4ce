"""AWS::SecretsManager::Secret."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

TEMPLATE, KEY = "SecretStringTemplate", "GenerateStringKey"


class Secret(ResourceType):
    """A secret whose value may be generated: it is stored in Secrets Manager and nowhere else. Ref yields its ARN."""

    type_name = "AWS::SecretsManager::Secret"
    supported = frozenset({"Description", "GenerateSecretString", "KmsKeyId", "Name", "SecretString"})
    in_place = frozenset({"Description", "GenerateSecretString", "KmsKeyId", "SecretString", "Tags"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the secret with its value."""
        request = {name: properties[name] for name in ("Description", "KmsKeyId") if name in properties}
        answer = context.client("secretsmanager").create_secret(
            Name=properties.get("Name") or context.name(256),
            SecretString=self._value(context, properties),
            Tags=context.tags(properties),
            **request,
        )
        return Made(answer["ARN"], {"Id": answer["ARN"]})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change description, key and value; another way of generating it generates it anew."""
        request: Properties = {name: new[name] for name in ("Description", "KmsKeyId") if name in new}
        if any(old.get(name) != new.get(name) for name in ("SecretString", "GenerateSecretString")):
            request["SecretString"] = self._value(context, new)
        context.client("secretsmanager").update_secret(SecretId=made.physical_id, **request)
        context.client("secretsmanager").tag_resource(SecretId=made.physical_id, Tags=context.tags(new))
        return made

    def _value(self, context: Context, properties: Properties) -> str:
        if "GenerateSecretString" not in properties:
            return str(properties.get("SecretString", ""))
        spec: dict[str, Any] = dict(properties["GenerateSecretString"])
        template, key = spec.pop(TEMPLATE, None), spec.pop(KEY, None)
        password = context.client("secretsmanager").get_random_password(**spec)["RandomPassword"]
        return json.dumps({**json.loads(template), key: password}) if template and key else str(password)

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the secret without a recovery window, as CloudFormation does."""
        context.client("secretsmanager").delete_secret(SecretId=made.physical_id, ForceDeleteWithoutRecovery=True)
