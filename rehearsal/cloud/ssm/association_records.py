"""An association, its versions, and what became of each time that it was applied."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

MAX_EXECUTIONS = 100
"""Executions that an association remembers."""

_SHOWN = (
    "Name",
    "InstanceId",
    "DocumentVersion",
    "AutomationTargetParameterName",
    "Parameters",
    "Targets",
    "ScheduleExpression",
    "OutputLocation",
    "AssociationName",
    "MaxErrors",
    "MaxConcurrency",
    "ComplianceSeverity",
    "SyncCompliance",
    "ApplyOnlyAtCronInterval",
    "CalendarNames",
    "TargetLocations",
    "ScheduleOffset",
    "Duration",
    "TargetMaps",
    "AlarmConfiguration",
    "AssociationDispatchAssumeRole",
)
_LISTED = (
    "Name",
    "InstanceId",
    "DocumentVersion",
    "Targets",
    "ScheduleExpression",
    "AssociationName",
    "ScheduleOffset",
    "Duration",
    "TargetMaps",
)


@dataclass
class Target:
    """One application of an association to one resource."""

    resource_id: str
    resource_type: str
    status: str = "Pending"
    detail: str = ""
    source_id: str = ""
    source_type: str = ""
    changed: datetime = field(default_factory=lambda: datetime.now(UTC))

    def enter(self, status: str, detail: str = "") -> None:
        """Take a new status, in the words of the API."""
        self.status, self.detail, self.changed = status, detail, datetime.now(UTC)


@dataclass
class Execution:
    """One time that an association was applied, to some or all of its targets."""

    association_version: str
    targets: dict[str, Target] = field(default_factory=dict)
    execution_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def status(self) -> str:
        return overall(target.status for target in self.targets.values())

    def view(self, association_id: str) -> dict[str, Any]:
        """Return an AssociationExecution."""
        return {
            "AssociationId": association_id,
            "AssociationVersion": self.association_version,
            "ExecutionId": self.execution_id,
            "Status": self.status,
            "DetailedStatus": self.status,
            "CreatedTime": self.created,
            "LastExecutionDate": self.created,
            "ResourceCountByStatus": "{" + ", ".join(f"{k}={v}" for k, v in self._counts().items()) + "}",
        }

    def target_view(self, association_id: str, target: Target) -> dict[str, Any]:
        """Return an AssociationExecutionTarget."""
        view: dict[str, Any] = {
            "AssociationId": association_id,
            "AssociationVersion": self.association_version,
            "ExecutionId": self.execution_id,
            "ResourceId": target.resource_id,
            "ResourceType": target.resource_type,
            "Status": target.status,
            "DetailedStatus": target.detail or target.status,
            "LastExecutionDate": target.changed,
        }
        if target.source_id:
            view["OutputSource"] = {"OutputSourceId": target.source_id, "OutputSourceType": target.source_type}
        return view

    def _counts(self) -> Counter[str]:
        return Counter(target.status for target in self.targets.values())


@dataclass
class Association:
    """`versions` are the inputs of CreateAssociation and each UpdateAssociation, the newest last."""

    versions: list[dict[str, Any]]
    creator: str
    """The access key that created it: an Automation document without a role runs with its creator's permissions."""
    association_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    version_dates: list[datetime] = field(default_factory=lambda: [datetime.now(UTC)])
    executions: list[Execution] = field(default_factory=list)
    latest: dict[str, Target] = field(default_factory=dict)
    """The last application to each resource."""
    next_run: datetime | None = None

    @property
    def request(self) -> dict[str, Any]:
        """The newest version's input."""
        return self.versions[-1]

    @property
    def version(self) -> str:
        return str(len(self.versions))

    @property
    def last_execution(self) -> datetime | None:
        return self.executions[-1].created if self.executions else None

    @property
    def last_success(self) -> datetime | None:
        return next((e.created for e in reversed(self.executions) if e.status == "Success"), None)

    def remember(self, execution: Execution) -> None:
        """Keep an execution; the oldest are dropped."""
        self.executions.append(execution)
        del self.executions[:-MAX_EXECUTIONS]

    def description(self) -> dict[str, Any]:
        """Return an AssociationDescription."""
        view = {key: self.request.get(key) for key in _SHOWN}
        view |= {
            "DocumentVersion": self.request.get("DocumentVersion") or "$DEFAULT",
            "AssociationVersion": self.version,
            "AssociationId": self.association_id,
            "Date": self.created,
            "LastUpdateAssociationDate": self.version_dates[-1],
            "LastExecutionDate": self.last_execution,
            "LastSuccessfulExecutionDate": self.last_success,
            "Overview": self.overview(),
        }
        return _given(view)

    def listed(self) -> dict[str, Any]:
        """Return an Association, as ListAssociations has it."""
        view = {key: self.request.get(key) for key in _LISTED}
        view |= {
            "AssociationId": self.association_id,
            "AssociationVersion": self.version,
            "LastExecutionDate": self.last_execution,
            "Overview": self.overview(),
        }
        return _given(view)

    def version_views(self) -> list[dict[str, Any]]:
        """Return AssociationVersionInfos, the newest first."""
        views = [
            _given(
                {key: request.get(key) for key in _SHOWN if key not in {"InstanceId", "AlarmConfiguration"}}
                | {"AssociationId": self.association_id, "AssociationVersion": str(number), "CreatedDate": date}
            )
            for number, (request, date) in enumerate(zip(self.versions, self.version_dates, strict=True), start=1)
        ]
        return list(reversed(views))

    def overview(self) -> dict[str, Any]:
        """Return an AssociationOverview: the last application to each resource, counted."""
        if not self.latest:
            return {"Status": "Pending", "DetailedStatus": "Creating"}
        counts = Counter(target.status for target in self.latest.values())
        status = overall(counts.elements())
        return {"Status": status, "DetailedStatus": status, "AssociationStatusAggregatedCount": dict(counts)}


def overall(statuses: Any) -> str:
    """One status of many: a failure shows as soon as it is there, success only when all have it."""
    found = set(statuses)
    for failure in ("Failed", "TimedOut", "Cancelled"):
        if failure in found:
            return "Failed"
    if not found or found & {"Pending"}:
        return "InProgress" if "InProgress" in found else "Pending"
    return "InProgress" if "InProgress" in found else "Success"


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}
