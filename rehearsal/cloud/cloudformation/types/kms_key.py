"""AWS::KMS::Key."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

SHORTEST_DELAY = 7  # days that KMS waits at least before it deletes a key


class Key(ResourceType):
    """A key with its policy and rotation."""

    type_name = "AWS::KMS::Key"
    supported = frozenset(
        {"Description", "EnableKeyRotation", "Enabled", "KeyPolicy", "KeySpec", "KeyUsage", "MultiRegion",
         "PendingWindowInDays", "BypassPolicyLockoutSafetyCheck"}
    )  # fmt: skip
    in_place = frozenset({"Description", "EnableKeyRotation", "Enabled", "KeyPolicy", "PendingWindowInDays", "Tags"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the key."""
        same = ("Description", "KeySpec", "KeyUsage", "MultiRegion")
        request: dict[str, Any] = {name: properties[name] for name in same if name in properties}
        if "KeyPolicy" in properties:
            request["Policy"] = _text(properties["KeyPolicy"])
        request["Tags"] = _tags(context.tags(properties))
        key = context.client("kms").create_key(**request)["KeyMetadata"]
        made = Made(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})
        self._switch(context, made, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change policy, description, rotation, tags, and whether the key is enabled."""
        kms = context.client("kms")
        if "KeyPolicy" in new and new["KeyPolicy"] != old.get("KeyPolicy"):
            kms.put_key_policy(KeyId=made.physical_id, PolicyName="default", Policy=_text(new["KeyPolicy"]))
        if new.get("Description") != old.get("Description"):
            kms.update_key_description(KeyId=made.physical_id, Description=new.get("Description", ""))
        self._switch(context, made, new)
        context.retag(
            old,
            new,
            tag=lambda tags: kms.tag_resource(KeyId=made.physical_id, Tags=_tags(tags)),
            untag=lambda keys: kms.untag_resource(KeyId=made.physical_id, TagKeys=keys),
        )
        return made

    def _switch(self, context: Context, made: Made, properties: Properties) -> None:
        kms = context.client("kms")
        if "EnableKeyRotation" in properties:
            switch = kms.enable_key_rotation if properties["EnableKeyRotation"] else kms.disable_key_rotation
            switch(KeyId=made.physical_id)
        if "Enabled" in properties:
            switch = kms.enable_key if properties["Enabled"] else kms.disable_key
            switch(KeyId=made.physical_id)

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """Schedule the key's deletion: KMS deletes no key at once."""
        context.client("kms").schedule_key_deletion(
            KeyId=made.physical_id, PendingWindowInDays=max(properties.get("PendingWindowInDays", 30), SHORTEST_DELAY)
        )


def _tags(tags: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return tags as KMS spells them."""
    return [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tags]


def _text(policy: Any) -> str:
    return policy if isinstance(policy, str) else json.dumps(policy)
