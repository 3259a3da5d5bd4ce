"""Where the output of commands goes besides the API: S3 and CloudWatch Logs.

In AWS the agent writes both with its host's credentials; the stand-in agent leaves it to the service, so the service
writes what the replies hold (24,000 bytes a stream). Keys and stream names: User Guide, "Configuring Amazon
S3/CloudWatch Logs for Run Command".
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from rehearsal.cloud.ssm.exceptions import SsmError

if TYPE_CHECKING:
    from rehearsal.cloud.ssm.commands import Command, Invocation, PluginResult
    from rehearsal.cloud.ssm.models import SsmBackend

log = logging.getLogger(__name__)

_MOTO_ERRORS = (ServiceException, HTTPException, KeyError)


class CommandOutputs:
    """Writes to moto's S3 and Logs backends of the account."""

    def __init__(self, backend: SsmBackend) -> None:
        self._backend = backend

    def check(self, request: dict[str, Any]) -> None:
        """Raise InvalidOutputFolder, InvalidRole or InvalidNotificationConfig for what does not exist."""
        bucket = request.get("OutputS3BucketName")
        if bucket and bucket not in self._backend.door.backend("s3", "aws").buckets:
            raise SsmError("InvalidOutputFolder", f"The S3 bucket {bucket} doesn't exist.")
        notification = request.get("NotificationConfig") or {}
        if notification.get("NotificationArn") and not request.get("ServiceRoleArn"):
            raise SsmError("InvalidRole", "ServiceRoleArn is required to send notifications.")
        arn = str(notification.get("NotificationArn") or "")
        if arn and arn not in self._backend.door.backend("sns", self._backend.region_name).topics:
            raise SsmError("InvalidNotificationConfig", f"The SNS topic {arn} doesn't exist.")

    def store(self, command: Command, invocation: Invocation, finished: list[PluginResult]) -> None:
        """Write the output of steps that have just finished."""
        for plugin in finished:
            for stream, text in (("stdout", plugin.stdout), ("stderr", plugin.stderr)):
                if not text:
                    continue
                try:
                    self._to_bucket(command, invocation, plugin, stream, text)
                    self._to_logs(command, invocation, plugin, stream, text)
                except _MOTO_ERRORS as error:
                    log.warning("output of %s could not be stored: %s", command.command_id, error)

    def _to_bucket(
        self, command: Command, invocation: Invocation, plugin: PluginResult, stream: str, text: str
    ) -> None:
        bucket = command.request.get("OutputS3BucketName")
        if not bucket:
            return
        action = plugin.action.replace(":", "")
        prefix = command.request.get("OutputS3KeyPrefix")
        parts = [prefix, command.command_id, invocation.instance_id, action, plugin.name.replace(":", ""), stream]
        key = "/".join(part.strip("/") for part in parts if part)
        self._backend.door.backend("s3", "aws").put_object(bucket, key, text.encode())
        region = command.request.get("OutputS3Region") or self._backend.region_name
        url = f"https://s3.{region}.amazonaws.com/{bucket}/{key}"
        if stream == "stdout":
            plugin.stdout_url = url
        else:
            plugin.stderr_url = url

    def _to_logs(self, command: Command, invocation: Invocation, plugin: PluginResult, stream: str, text: str) -> None:
        config = command.request.get("CloudWatchOutputConfig") or {}
        if not config.get("CloudWatchOutputEnabled"):
            return
        group = config.get("CloudWatchLogGroupName") or f"/aws/ssm/{command.document_name}"
        name = f"{command.command_id}/{invocation.instance_id}/{plugin.name.replace(':', '-')}/{stream}"
        logs = self._backend.door.backend("logs", self._backend.region_name)
        if group not in logs.groups:
            logs.create_log_group(group, {})
        if name not in logs.groups[group].streams:
            logs.create_log_stream(group, name)
        now = int(time.time() * 1000)
        logs.put_log_events(group, name, [{"timestamp": now, "message": text}])
