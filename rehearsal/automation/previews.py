"""Execution previews: what a runbook would change (reference §3.24, §6)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from rehearsal.automation.actions import all_actions
from rehearsal.automation.errors import ApiError
from rehearsal.automation.preparation import find_runbook
from rehearsal.automation.records import new_id, now
from rehearsal.automation.runbook import LOOP
from rehearsal.automation.statuses import Impact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.access import Documents, StoredDocument
    from rehearsal.automation.runbook import Runbook
    from rehearsal.automation.settings import EngineSettings

_MOST_KEPT = 1000


@dataclass
class Previews:
    """Makes previews and keeps the latest."""

    documents: Documents
    settings: EngineSettings
    _lock: Lock = field(default_factory=Lock)
    _kept: dict[str, dict[str, Any]] = field(default_factory=dict)

    def start(self, request: Mapping[str, Any], targets: Mapping[str, int]) -> str:
        """StartExecutionPreview: returns the preview's id. `targets` counts the resolved targets by type."""
        try:
            document, runbook = find_runbook(request, self.documents)
        except ApiError as error:
            raise ApiError("ValidationException", error.message) from error
        shape = self._shape(document, runbook, request, targets)
        preview_id = new_id()
        with self._lock:
            self._kept[preview_id] = shape | {"ExecutionPreviewId": preview_id}
            while len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return preview_id

    def find(self, preview_id: str) -> dict[str, Any]:
        """GetExecutionPreview."""
        with self._lock:
            found = self._kept.get(preview_id)
        if found is None:
            raise ApiError("ResourceNotFoundException", f"Execution preview {preview_id} does not exist.")
        return found

    def _shape(
        self, document: StoredDocument, runbook: Runbook, request: Mapping[str, Any], targets: Mapping[str, int]
    ) -> dict[str, Any]:
        inputs = (request.get("ExecutionInputs") or {}).get("Automation") or {}
        locations = inputs.get("TargetLocations") or []
        regions = {region for location in locations for region in location.get("Regions", [])} or {self.settings.region}
        accounts = {account for location in locations for account in location.get("Accounts", [])}
        preview: dict[str, Any] = {
            "StepPreviews": {kind.value: count for kind, count in impacts(runbook).items()},
            "Regions": sorted(regions),
            "TargetPreviews": [{"Count": count, "TargetType": kind} for kind, count in targets.items()],
            "TotalAccounts": len(accounts) or 1,
        }
        return {
            "Status": "Success",
            "StatusMessage": f"Preview of {document.name} version {document.version}",
            "EndedAt": now(),
            "ExecutionPreview": {"Automation": preview},
        }


def impacts(runbook: Runbook) -> Counter[Impact]:
    """Count the steps by impact. A loop counts through its steps; an unknown action is undetermined."""
    counted: Counter[Impact] = Counter()
    for step in runbook.all_steps():
        if step.action != LOOP:
            action = all_actions().get(step.action)
            counted[action.impact if action else Impact.UNDETERMINED] += 1
    return counted
