"""Temporary credentials of roles, as STS issues them.

They stand in moto's STS and IAM backends, so that `GetCallerIdentity` and whoever evaluates policies find the role
again by the access key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.cloud.moto_door import MotoDoor

MAX_SESSION_NAME = 64


@dataclass(frozen=True)
class RoleCredentials:
    """Credentials of one session of a role; neither the secret nor the token shows in a repr."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires: datetime
    role_arn: str


class RoleSessions:
    """Issues sessions without asking whether the caller may assume the role: that is for the caller of this class."""

    def __init__(self, door: MotoDoor, region: str) -> None:
        self._door = door
        self._region = region

    def issue(self, role_arn: str, session_name: str, seconds: int = 3600) -> RoleCredentials:
        """Begin a session of a role that exists. `seconds` is how long it lasts."""
        assumed = self._door.backend("sts", "aws").assume_role(
            region_name=self._region,
            role_session_name=re.sub(r"[^\w+=,.@-]", "-", session_name)[:MAX_SESSION_NAME],
            role_arn=role_arn,
            policy=None,
            duration=seconds,
            external_id=None,
        )
        return RoleCredentials(
            access_key_id=assumed.access_key_id,
            secret_access_key=assumed.secret_access_key,
            session_token=assumed.session_token,
            expires=assumed.expiration.replace(tzinfo=UTC),
            role_arn=role_arn,
        )
