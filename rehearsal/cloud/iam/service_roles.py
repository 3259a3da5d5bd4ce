"""Roles that AWS services assume: CloudFormation's, Lambda's, the scheduler's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.iam.context import RequestContext
from rehearsal.cloud.iam.policy import trusts
from rehearsal.cloud.role_sessions import RoleCredentials, RoleSessions

if TYPE_CHECKING:
    from rehearsal.cloud.moto_door import MotoDoor


class RoleNotAssumableError(Exception):
    """The role does not exist, or does not trust the service."""


class ServiceRoles:
    """Issues sessions of roles to services that the roles trust."""

    def __init__(self, door: MotoDoor, account_id: str, region: str) -> None:
        self._door = door
        self._account_id = account_id
        self._sessions = RoleSessions(door, region)

    def assume(self, role_arn: str, service: str, session_name: str, source_arn: str = "") -> RoleCredentials:
        """Return a session of the role for `service` (`lambda.amazonaws.com`). Raises RoleNotAssumableError."""
        roles = self._door.backend("iam", "aws").roles
        role = next((each for each in list(roles.values()) if each.arn == role_arn), None)
        if role is None:
            raise RoleNotAssumableError(f"Role {role_arn} is invalid or cannot be assumed")
        fixed: dict[str, str | list[str]] = {"aws:sourceaccount": self._account_id}
        if source_arn:
            fixed["aws:sourcearn"] = source_arn
        document = str(role.assume_role_policy_document or "")
        if not trusts(document, {"Service": service}, "sts:AssumeRole", RequestContext(fixed)):
            raise RoleNotAssumableError(f"Role {role_arn} is invalid or cannot be assumed: it does not trust {service}")
        return self._sessions.issue(role_arn, session_name)
