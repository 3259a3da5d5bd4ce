"""boto3 clients against this endpoint with the credentials of roles that services assume.

What Lambda, the Scheduler and EventBridge do for an account they do with the role that they were given, so that it is
evaluated and recorded like any other caller's.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.aws_access import Clients, Credentials
from rehearsal.cloud.iam.service_roles import RoleNotAssumableError, ServiceRoles

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.cloud.moto_door import MotoDoor
    from rehearsal.cloud.role_sessions import RoleCredentials
    from rehearsal.cloud.settings import CloudSettings

FRESH = timedelta(minutes=15)
"""For so long the credentials of a role are handed out again; they themselves last an hour."""

__all__ = ["RoleClients", "RoleNotAssumableError"]


@dataclass(frozen=True)
class _Session:
    credentials: RoleCredentials
    issued: datetime
    trust: str


class RoleClients:
    """Sessions of roles, by service and purpose. Safe from any thread."""

    def __init__(self, door: MotoDoor, settings: CloudSettings, url: Callable[[], str]) -> None:
        self._door = door
        self._settings = settings
        self._clients = Clients(url)
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str, str, str], _Session] = {}

    def credentials(self, role_arn: str, service: str, name: str, region: str, source_arn: str = "") -> RoleCredentials:
        """Return credentials of a role for a service (`lambda.amazonaws.com`). Raises RoleNotAssumableError."""
        trust = self._trust(role_arn)
        key = (role_arn, service, name, source_arn)
        with self._lock:
            known = self._sessions.get(key)
            if known and known.trust == trust and datetime.now(UTC) - known.issued < FRESH:
                return known.credentials
            roles = ServiceRoles(self._door, self._settings.account_id, region)
            issued = roles.assume(role_arn, service, name, source_arn)
            for old in [each for each, session in self._sessions.items() if datetime.now(UTC) - session.issued > FRESH]:
                del self._sessions[old]  # each experiment and schedule has one, for good
            self._sessions[key] = _Session(issued, datetime.now(UTC), trust)
            return issued

    def client(self, api: str, region: str, credentials: RoleCredentials) -> Any:
        """Return a client of a service with these credentials. Raises botocore's UnknownServiceError."""
        own = Credentials(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
        return self._clients.get(api, region, own)

    def _trust(self, role_arn: str) -> str:
        """The role's identity and trust policy: when one changes, its sessions are asked for anew."""
        roles = list(self._door.backend("iam", "aws").roles.values())
        role = next((each for each in roles if each.arn == role_arn), None)
        return "" if role is None else f"{role.id} {role.assume_role_policy_document}"
