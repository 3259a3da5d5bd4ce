"""A stack as CloudFormation remembers it: resources, events, outputs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.cloudformation.template import EMPTY, Template

if TYPE_CHECKING:
    from rehearsal.cloud.cloudformation.resource_type import Made

EVENT_LIMIT = 5_000  # events kept of one stack, the oldest dropped first
IN_PROGRESS = "_IN_PROGRESS"


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


@dataclass
class Resource:
    """One resource of a stack. `properties` are resolved; `depends_on` names the resources that have to outlive it."""

    logical_id: str
    type_name: str
    status: str
    made: Made | None = None
    reason: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    depends_on: frozenset[str] = frozenset()
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    condition: str | None = None
    updated: datetime = field(default_factory=now)

    @property
    def ref(self) -> Any:
        """Return what Ref yields."""
        return "" if self.made is None else self.made.ref or self.made.physical_id

    @property
    def attributes(self) -> dict[str, Any]:
        """Return what GetAtt yields."""
        return {} if self.made is None else dict(self.made.attributes)


@dataclass(frozen=True)
class Event:
    """One line of a stack's history. No properties: they may hold what must not be shown."""

    event_id: str
    timestamp: datetime
    logical_id: str
    physical_id: str
    type_name: str
    status: str
    reason: str


@dataclass
class ChangeSet:
    """A change that waits to be executed."""

    change_set_id: str
    name: str
    kind: str
    template: Template
    parameters: dict[str, str]
    values: dict[str, Any]
    tags: dict[str, str]
    capabilities: list[str]
    role_arn: str | None
    description: str | None
    changes: list[dict[str, Any]]
    status: str = "CREATE_COMPLETE"
    execution_status: str = "AVAILABLE"
    reason: str | None = None
    created: datetime = field(default_factory=now)


@dataclass
class Stack:
    """A stack: the desired state (template, parameters) and what exists of it."""

    stack_id: str
    name: str
    account_id: str
    region: str
    status: str
    template: Template = EMPTY
    parameters: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    role_arn: str | None = None
    capabilities: list[str] = field(default_factory=list)
    notification_arns: list[str] = field(default_factory=list)
    termination_protection: bool = False
    disable_rollback: bool = False
    timeout_minutes: int | None = None
    policy: str = ""
    outputs: list[dict[str, str]] = field(default_factory=list)
    resources: dict[str, Resource] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    created: datetime = field(default_factory=now)
    updated: datetime | None = None
    deleted: datetime | None = None

    @property
    def busy(self) -> bool:
        """Tell whether an operation runs; a stack that only has a change set waits for its execution."""
        return self.status.endswith(IN_PROGRESS) and self.status != "REVIEW_IN_PROGRESS"

    def set_status(self, status: str, reason: str = "") -> None:
        """Enter a status, with its event."""
        self.status, self.reason = status, reason
        self._add_event(self.name, self.stack_id, "AWS::CloudFormation::Stack", status, reason)

    def set_resource(self, resource: Resource, status: str, reason: str = "") -> None:
        """Let a resource enter a status, with its event."""
        resource.status, resource.reason, resource.updated = status, reason, now()
        physical_id = resource.made.physical_id if resource.made else ""
        self._add_event(resource.logical_id, physical_id, resource.type_name, status, reason)

    def _add_event(self, logical_id: str, physical_id: str, type_name: str, status: str, reason: str) -> None:
        self.events.append(Event(str(uuid.uuid4()), now(), logical_id, physical_id, type_name, status, reason))
        del self.events[:-EVENT_LIMIT]
