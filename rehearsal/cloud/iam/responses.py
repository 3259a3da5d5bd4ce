"""The last-accessed reports of IAM's API, which moto lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.responses import IamResponse

from rehearsal.cloud.iam.reference import service_name

if TYPE_CHECKING:
    from rehearsal.cloud.iam.models import AccessJob, AuditedIamBackend
    from rehearsal.cloud.iam.usage import LastUse


class AuditedIamResponse(IamResponse):
    """moto's IAM API and two operations more."""

    def generate_service_last_accessed_details(self) -> ActionResult:
        """Begin a report; it is complete at once."""
        backend = cast("AuditedIamBackend", self.backend)
        job = backend.begin_access_job(self._get_param("Arn"), self._get_param("Granularity") or "SERVICE_LEVEL")
        return ActionResult({"JobId": job.job_id})

    def get_service_last_accessed_details(self) -> ActionResult:
        """Show a report."""
        backend = cast("AuditedIamBackend", self.backend)
        job_id = self._get_param("JobId")
        if job_id not in backend.access_jobs:
            raise NotFoundException(f"Job {job_id} does not exist.")
        job = backend.access_jobs[job_id]
        services = [_service(prefix, actions, job) for prefix, actions in sorted(job.granted.items())]
        return ActionResult(
            {
                "JobStatus": "COMPLETED",
                "JobType": job.granularity,
                "JobCreationDate": job.created,
                "JobCompletionDate": job.created,
                "ServicesLastAccessed": services,
                "IsTruncated": False,
            }
        )


def _service(prefix: str, actions: dict[str, LastUse | None], job: AccessJob) -> dict[str, Any]:
    uses = [use for use in actions.values() if use is not None]
    shape: dict[str, Any] = {
        "ServiceName": service_name(prefix),
        "ServiceNamespace": prefix,
        "TotalAuthenticatedEntities": 1 if uses else 0,
    }
    if uses:
        latest = max(uses, key=lambda use: use.time)
        shape["LastAuthenticated"] = latest.time
        shape["LastAuthenticatedEntity"] = job.entity_arn
        shape["LastAuthenticatedRegion"] = latest.region
    if job.granularity == "ACTION_LEVEL":
        shape["TrackedActionsLastAccessed"] = [_action(name, use, job) for name, use in sorted(actions.items())]
    return shape


def _action(name: str, use: LastUse | None, job: AccessJob) -> dict[str, Any]:
    shape: dict[str, Any] = {"ActionName": name}
    if use is not None:
        shape["LastAccessedTime"] = use.time
        shape["LastAccessedEntity"] = job.entity_arn
        shape["LastAccessedRegion"] = use.region
    return shape
