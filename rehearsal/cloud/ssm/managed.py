"""Managed nodes: hosts whose agent has reported to the service.

A node is Online while its agent is in touch and its instance runs. Only real agents make nodes: nothing is invented
for an instance that has none. Sources: DescribeInstanceInformation; User Guide, "Managed node availability".
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.machines import GONE
from rehearsal.cloud.ssm.exceptions import SsmError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.cloud.machines import Machines

LATEST_AGENT = (3, 3, 3572, 0)


class PingStatus(StrEnum):
    ONLINE = "Online"
    LOST = "ConnectionLost"
    INACTIVE = "Inactive"


@dataclass
class Node:
    """What an agent said of itself, and when it was last heard."""

    instance_id: str
    reported: dict[str, Any] = field(default_factory=dict)
    registered: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_ping: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_contact: float = field(default_factory=time.monotonic)
    activation: dict[str, Any] = field(default_factory=dict)
    """The hybrid activation that registered it (`mi-…`): ActivationId, IamRole, Name."""


class ManagedNodes:
    """The nodes of one account and Region."""

    def __init__(self, machines: Machines, lost_after: float) -> None:
        self._machines = machines
        self._lost_after = lost_after
        self._lock = threading.Lock()
        self._nodes: dict[str, Node] = {}
        self._listeners: list[Callable[[str], None]] = []

    def on_online(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the instance ID whenever a node comes online."""
        self._listeners.append(listener)

    def report(self, instance_id: str, reported: dict[str, Any]) -> None:
        """Take an UpdateInstanceInformation. Raises InvalidInstanceId for a host that nobody knows."""
        if instance_id.startswith("i-") and self._machines.state(instance_id) in {None, *GONE}:
            raise SsmError("InvalidInstanceId", f"Instance {instance_id} does not exist in this account.")
        if instance_id.startswith("mi-") and instance_id not in self._nodes:
            raise SsmError("InvalidInstanceId", f"Managed node {instance_id} is not registered in this account.")
        with self._lock:
            known = self._nodes.get(instance_id)
            was_online = known is not None and bool(known.reported) and self._is_online(known)
            node = known or Node(instance_id)
            node.reported = dict(reported)
            node.last_ping = datetime.now(UTC)
            node.last_contact = time.monotonic()
            self._nodes[instance_id] = node
        if not was_online:
            self._announce(instance_id)

    def register(self, instance_id: str, activation: dict[str, Any]) -> None:
        """Note a host that registered through a hybrid activation; it is a node once it reports."""
        with self._lock:
            self._nodes[instance_id] = Node(instance_id, activation=activation)

    def forget(self, instance_id: str) -> None:
        """Drop a host that was deregistered."""
        with self._lock:
            self._nodes.pop(instance_id, None)

    def touch(self, instance_id: str) -> None:
        """An agent asked for messages: it is there."""
        with self._lock:
            node = self._nodes.get(instance_id)
            came_back = node is not None and bool(node.reported) and not self._is_online(node)
            if node is not None:
                node.last_contact = time.monotonic()
                node.last_ping = datetime.now(UTC)
        if came_back:
            self._announce(instance_id)

    def get(self, instance_id: str) -> Node | None:
        """Return the node, if its agent has ever reported and the instance still exists."""
        node = self._nodes.get(instance_id)
        if node is None or not node.reported or self._is_gone(node):
            return None
        return node

    def all(self) -> list[Node]:
        """Return every node that exists, in the order of registration."""
        return [node for node in list(self._nodes.values()) if node.reported and not self._is_gone(node)]

    def status(self, node: Node) -> PingStatus:
        """Whether the agent is in touch. A stopped instance's agent is lost at once."""
        return PingStatus.ONLINE if self._is_online(node) else PingStatus.LOST

    def tags(self, node: Node) -> dict[str, str]:
        """Return the tags that targets match: those of the EC2 instance."""
        return self._machines.tags(node.instance_id)

    def information(self, node: Node) -> dict[str, Any]:
        """Return the node as DescribeInstanceInformation shows it."""
        said = node.reported
        version = str(said.get("AgentVersion", ""))
        role = self._machines.role(node.instance_id) if node.instance_id.startswith("i-") else None
        shown = {
            "InstanceId": node.instance_id,
            "PingStatus": str(self.status(node)),
            "LastPingDateTime": node.last_ping,
            "AgentVersion": version,
            "IsLatestVersion": _as_numbers(version) >= LATEST_AGENT,
            "PlatformType": said.get("PlatformType"),
            "PlatformName": said.get("PlatformName"),
            "PlatformVersion": said.get("PlatformVersion"),
            "ResourceType": "EC2Instance" if node.instance_id.startswith("i-") else "ManagedInstance",
            "IPAddress": said.get("IPAddress"),
            "ComputerName": said.get("ComputerName"),
            "IamRole": node.activation.get("IamRole") or (role.name if role is not None else None),
            "ActivationId": node.activation.get("ActivationId"),
            "Name": node.activation.get("Name"),
            "RegistrationDate": node.registered if node.activation else None,
            "SourceId": node.instance_id,
            "SourceType": "AWS::EC2::Instance" if node.instance_id.startswith("i-") else "AWS::SSM::ManagedInstance",
        }
        return {key: value for key, value in shown.items() if value not in (None, "")}

    def _is_online(self, node: Node) -> bool:
        if time.monotonic() - node.last_contact > self._lost_after:
            return False
        return not node.instance_id.startswith("i-") or self._machines.state(node.instance_id) in {"running", "pending"}

    def _is_gone(self, node: Node) -> bool:
        return node.instance_id.startswith("i-") and self._machines.state(node.instance_id) in {None, *GONE}

    def _announce(self, instance_id: str) -> None:
        for listener in self._listeners:
            listener(instance_id)


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
