"""Run Command's notifications: SNS messages when a command, or each of its invocations, changes its status.

Source: User Guide, "Monitoring Systems Manager status changes using Amazon SNS notifications".
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

if TYPE_CHECKING:
    from rehearsal.cloud.moto_door import MotoDoor
    from rehearsal.cloud.ssm.commands import Command

log = logging.getLogger(__name__)


class Notifications:
    """Publishes each status once, to the topic that the command names."""

    def __init__(self, door: MotoDoor, region: str) -> None:
        self._door = door
        self._region = region

    def __call__(self, command: Command) -> None:
        """Look at a command that may have changed, and tell what its NotificationConfig asks for."""
        config = command.request.get("NotificationConfig") or {}
        topic = config.get("NotificationArn")
        if not topic:
            return
        wanted = set(config.get("NotificationEvents") or ["All"])
        for subject, status in self._statuses(command, str(config.get("NotificationType") or "Command")):
            if command.told.get(subject) == status:
                continue
            command.told[subject] = status
            if wanted & {"All", status}:
                self._publish(str(topic), _message(command, subject, status))

    def _statuses(self, command: Command, kind: str) -> list[tuple[str, str]]:
        if kind == "Invocation":
            return [(instance_id, str(each.status)) for instance_id, each in command.invocations.items()]
        return [("", str(command.state[0]))]

    def _publish(self, topic: str, message: dict[str, Any]) -> None:
        try:
            self._door.backend("sns", self._region).publish(json.dumps(message), arn=topic)
        except (ServiceException, HTTPException) as error:
            log.warning("notification to %s failed: %s", topic, error)


def _message(command: Command, instance_id: str, status: str) -> dict[str, Any]:
    message: dict[str, Any] = {
        "commandId": command.command_id,
        "documentName": command.document_name,
        "requestedDateTime": command.requested.isoformat(),
        "eventTime": datetime.now(UTC).isoformat(),
        "status": status,
    }
    if instance_id:
        return message | {"instanceId": instance_id, "detailedStatus": str(command.invocations[instance_id].details)}
    return message | {
        "instanceIds": command.request.get("InstanceIds") or [],
        "expiresAfter": command.expires.isoformat(),
        "outputS3BucketName": command.request.get("OutputS3BucketName", ""),
        "outputS3KeyPrefix": command.request.get("OutputS3KeyPrefix", ""),
    }
