"""AWS::S3::Bucket."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

SETTINGS = (
    "BucketEncryption", "LifecycleConfiguration", "LoggingConfiguration", "OwnershipControls",
    "PublicAccessBlockConfiguration", "VersioningConfiguration",
)  # fmt: skip


class Bucket(ResourceType):
    """A bucket with the settings that keep it private, encrypted, versioned and tidy."""

    type_name = "AWS::S3::Bucket"
    supported = frozenset({"BucketName", *SETTINGS})
    in_place = frozenset({*SETTINGS, "Tags"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the bucket and apply its settings."""
        name = properties.get("BucketName") or context.name(63, lower=True)
        where = {}
        if context.region != "us-east-1":
            where = {"CreateBucketConfiguration": {"LocationConstraint": context.region}}
        context.client("s3").create_bucket(Bucket=name, **where)
        made = Made(
            name,
            {
                "Arn": f"arn:aws:s3:::{name}",
                "DomainName": f"{name}.s3.amazonaws.com",
                "RegionalDomainName": f"{name}.s3.{context.region}.amazonaws.com",
            },
        )
        return self.update(context, made, {}, properties)

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Apply the settings that changed, and take back those that are gone."""
        s3, bucket = context.client("s3"), made.physical_id
        for name in SETTINGS:
            if name in new and new[name] != old.get(name):
                _apply(s3, bucket, name, new[name])
            elif name in old and name not in new:
                _take_back(s3, bucket, name)
        if tags := context.tags(new, system=False):
            s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
        elif old.get("Tags"):
            s3.delete_bucket_tagging(Bucket=bucket)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the bucket, which has to be empty."""
        context.client("s3").delete_bucket(Bucket=made.physical_id)


def _apply(s3: Any, bucket: str, name: str, spec: dict[str, Any]) -> None:
    if name == "BucketEncryption":
        rules = [_encryption_rule(rule) for rule in spec["ServerSideEncryptionConfiguration"]]
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
    elif name == "LifecycleConfiguration":
        rules = [_lifecycle_rule(rule) for rule in spec["Rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    elif name == "LoggingConfiguration":
        target = {
            "TargetBucket": spec.get("DestinationBucketName", bucket),
            "TargetPrefix": spec.get("LogFilePrefix", ""),
        }
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": target})
    elif name == "OwnershipControls":
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=spec)
    elif name == "PublicAccessBlockConfiguration":
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=spec)
    elif name == "VersioningConfiguration":
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=spec)


def _take_back(s3: Any, bucket: str, name: str) -> None:
    if name == "VersioningConfiguration":
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    elif name == "LoggingConfiguration":
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    else:
        operation = {
            "BucketEncryption": "delete_bucket_encryption",
            "LifecycleConfiguration": "delete_bucket_lifecycle",
            "OwnershipControls": "delete_bucket_ownership_controls",
            "PublicAccessBlockConfiguration": "delete_public_access_block",
        }[name]
        getattr(s3, operation)(Bucket=bucket)


def _encryption_rule(rule: dict[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in rule.items() if key == "BucketKeyEnabled"}
    return made | {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        made["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": rule["ExpirationInDays"]}
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            made[name] = rule[name]
    if "NoncurrentVersionExpirationInDays" in rule:
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    if "Transitions" in rule:
        made["Transitions"] = [
            {"Days": each["TransitionInDays"], "StorageClass": each["StorageClass"]} for each in rule["Transitions"]
        ]
    return made
