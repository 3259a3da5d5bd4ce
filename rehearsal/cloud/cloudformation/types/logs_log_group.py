"""AWS::Logs::LogGroup."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType, as_map


class LogGroup(ResourceType):
    """A log group with its retention and key."""

    type_name = "AWS::Logs::LogGroup"
    supported = frozenset({"KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays"})
    in_place = frozenset({"KmsKeyId", "RetentionInDays", "Tags"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the group."""
        name = properties.get("LogGroupName") or context.name(512)
        request: dict[str, Any] = {"tags": {tag["Key"]: tag["Value"] for tag in context.tags(properties)}}
        if "KmsKeyId" in properties:
            request["kmsKeyId"] = properties["KmsKeyId"]
        if "LogGroupClass" in properties:
            request["logGroupClass"] = properties["LogGroupClass"]
        context.client("logs").create_log_group(logGroupName=name, **request)
        self._retain(context, name, properties)
        arn = f"arn:aws:logs:{context.region}:{context.account_id}:log-group:{name}:*"
        return Made(name, {"Arn": arn})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change retention and key."""
        logs = context.client("logs")
        if "RetentionInDays" in old and "RetentionInDays" not in new:
            logs.delete_retention_policy(logGroupName=made.physical_id)
        self._retain(context, made.physical_id, new)
        if new.get("KmsKeyId") and new.get("KmsKeyId") != old.get("KmsKeyId"):
            logs.associate_kms_key(logGroupName=made.physical_id, kmsKeyId=new["KmsKeyId"])
        elif old.get("KmsKeyId") and not new.get("KmsKeyId"):
            logs.disassociate_kms_key(logGroupName=made.physical_id)
        arn = made.attributes["Arn"].removesuffix(":*")
        context.retag(
            old,
            new,
            tag=lambda tags: logs.tag_resource(resourceArn=arn, tags=as_map(tags)),
            untag=lambda keys: logs.untag_resource(resourceArn=arn, tagKeys=keys),
        )
        return made

    def _retain(self, context: Context, name: str, properties: Properties) -> None:
        if "RetentionInDays" in properties:
            context.client("logs").put_retention_policy(
                logGroupName=name, retentionInDays=properties["RetentionInDays"]
            )

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the group with its streams."""
        context.client("logs").delete_log_group(logGroupName=made.physical_id)
