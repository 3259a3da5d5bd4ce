"""moto's CloudTrail backend, with the events that authorization noted."""

from __future__ import annotations

from moto.cloudtrail.models import CloudTrailBackend

from rehearsal.cloud.iam.usage import Usage


class TrailBackend(CloudTrailBackend):
    """CloudTrail with an event history."""

    def __init__(self, region_name: str, account_id: str, usage: Usage | None = None) -> None:
        super().__init__(region_name, account_id)
        self.usage = usage or Usage()
