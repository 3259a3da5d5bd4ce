"""moto's IAM backend, with AWS's managed policies and with what was used of all policies."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import AWSManagedPolicy, IAMBackend

from rehearsal.cloud.iam.granted import granted_actions
from rehearsal.cloud.iam.principals import parse_managed, policies_of
from rehearsal.cloud.iam.usage import Usage, now

if TYPE_CHECKING:
    from datetime import datetime

    from rehearsal.cloud.iam.policy import Policy
    from rehearsal.cloud.iam.usage import LastUse

JOBS_KEPT = 200


@dataclass(frozen=True)
class AccessJob:
    """A report of what an entity may use and did use, by service prefix and action."""

    job_id: str
    entity_arn: str
    granularity: str
    created: datetime
    granted: dict[str, dict[str, LastUse | None]]


@lru_cache(maxsize=1)
def _managed_policies() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415 - five megabytes of text

    parsed: dict[str, Any] = json.loads(aws_managed_policies_data)
    return parsed


class Policies(dict[str, Any]):
    """Policies by ARN. moto goes through them while other requests, a stack's for one, add some."""

    def values(self) -> Any:  # a copy in one go, in place of dict's view
        """Return the policies that there are now."""
        return list(super().values())


class AuditedIamBackend(IAMBackend):
    """IAM of an account whose calls are evaluated and noted."""

    def __init__(self, region_name: str, account_id: str, usage: Usage | None = None) -> None:
        super().__init__(region_name, account_id)
        self.managed_policies = Policies(self.managed_policies)
        self.usage = usage or Usage()
        self.access_jobs: dict[str, AccessJob] = {}

    def _init_aws_policies(self) -> list[Any]:
        """Load AWS's own policies, which moto leaves out unless its settings say otherwise."""
        return [
            AWSManagedPolicy.from_data(name, self.account_id, self.region_name, data)
            for name, data in _managed_policies().items()
        ]

    def begin_access_job(self, arn: str, granularity: str) -> AccessJob:
        """Report on a role, user, group or policy. Raises NotFoundException."""
        entity, policies = self._entity(arn)
        used = self.usage.used_by(arn) if entity is not None else self._used_by_holders(arn)
        granted: dict[str, dict[str, LastUse | None]] = {}
        for action in granted_actions(policies):
            prefix, _, name = action.partition(":")
            granted.setdefault(prefix, {})[name] = used.get(action)
        job = AccessJob(str(uuid.uuid4()), arn, granularity, now(), granted)
        self.access_jobs[job.job_id] = job
        while len(self.access_jobs) > JOBS_KEPT:
            self.access_jobs.pop(next(iter(self.access_jobs)))
        return job

    def _entity(self, arn: str) -> tuple[Any, list[Policy]]:
        holders: list[Any] = [*self.roles.values(), *self.users.values(), *self.groups.values()]
        for entity in holders:
            if entity.arn == arn:
                return entity, policies_of(entity, self)
        if arn in self.managed_policies:
            return None, [parse_managed(self.managed_policies[arn])]
        raise NotFoundException(f"ARN {arn} does not exist.")

    def _used_by_holders(self, policy_arn: str) -> dict[str, LastUse]:
        used: dict[str, LastUse] = {}
        holders: list[Any] = [*self.roles.values(), *self.users.values()]
        for entity in holders:
            if policy_arn in entity.managed_policies:
                used.update(self.usage.used_by(entity.arn))
        return used
