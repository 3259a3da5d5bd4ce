"""Tells EventBridge of commands: when a command, or what it does on one node, changes its status.

Source: Systems Manager User Guide, "Amazon EventBridge event patterns and types for Systems Manager", "Run Command".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.cloud.services import Services
    from rehearsal.cloud.ssm.commands import Command

COMMAND = "EC2 Command Status-change Notification"
INVOCATION = "EC2 Command Invocation Status-change Notification"
INSTANCE = "arn:aws:ec2:{region}:{account}:instance/{id}"


class CommandEvents:
    """Listens to Run Command; each status is told once, where EventBridge is in use."""

    def __init__(self, services: Services, region: str, account_id: str) -> None:
        self._services = services
        self._region = region
        self._account_id = account_id

    def __call__(self, command: Command) -> None:
        """Look at a command that may have changed."""
        if not self._services.door.backends("events"):
            return
        for instance_id, invocation in command.invocations.items():
            detail = {"instance-id": instance_id, "status": str(invocation.status)}
            self._tell(command, instance_id, detail, [instance_id])
        whole = {"expire-after": command.expires.isoformat(), "parameters": command.request.get("Parameters") or {}}
        status = {"status": str(command.state[0])}
        self._tell(command, "", whole | status, list(command.invocations))

    def _tell(self, command: Command, instance_id: str, detail: dict[str, Any], nodes: list[str]) -> None:
        key = f"event {instance_id}"
        if command.told.get(key) == detail["status"]:
            return
        command.told[key] = detail["status"]
        common = {
            "command-id": command.command_id,
            "document-name": command.document_name,
            "requested-date-time": command.requested.isoformat(),
        }
        self._services.emit(
            self._region,
            {
                "source": "aws.ssm",
                "detail-type": INVOCATION if instance_id else COMMAND,
                "resources": [
                    INSTANCE.format(region=self._region, account=self._account_id, id=node)
                    for node in nodes
                    if node.startswith("i-")
                ],
                "detail": common | detail,
            },
        )
