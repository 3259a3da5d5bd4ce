"""Where the output of commands goes besides the API.

The agent writes S3 objects and log events itself, with its host's credentials. The service checks that the bucket is
there when a command is sent, and shows where the output will be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.cloud.ssm.exceptions import SsmError

if TYPE_CHECKING:
    from rehearsal.cloud.ssm.models import SsmBackend


def check_outputs(backend: SsmBackend, request: dict[str, Any]) -> None:
    """Raise InvalidOutputFolder, InvalidRole or InvalidNotificationConfig for what does not exist."""
    bucket = request.get("OutputS3BucketName")
    if bucket and bucket not in backend.door.backend("s3", "aws").buckets:
        raise SsmError("InvalidOutputFolder", f"The S3 bucket {bucket} doesn't exist.")
    notification = request.get("NotificationConfig") or {}
    arn = str(notification.get("NotificationArn") or "")
    if arn and not request.get("ServiceRoleArn"):
        raise SsmError("InvalidRole", "ServiceRoleArn is required to send notifications.")
    if arn and arn not in backend.door.backend("sns", backend.region_name).topics:
        raise SsmError("InvalidNotificationConfig", f"The SNS topic {arn} doesn't exist.")
