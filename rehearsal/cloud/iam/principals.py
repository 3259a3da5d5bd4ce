"""Who calls: an access key is a role's session, a user's, or the administrator's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.iam.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.cloud.moto_door import MotoDoor

TEMPORARY = "ASIA"  # how the IDs of temporary keys begin


@dataclass(frozen=True)
class Principal:
    """A caller. The administrator has no entity and may do everything."""

    arn: str
    account_id: str
    entity: Any = None
    """moto's role or user; None for the administrator."""
    session_name: str = ""
    session_policy: str = ""

    @property
    def is_administrator(self) -> bool:
        """Tell whether nothing is evaluated: the keys of the one who set up the account."""
        return self.entity is None

    @property
    def entity_arn(self) -> str:
        """Return the ARN of the role or user that holds the policies."""
        return self.arn if self.entity is None else str(self.entity.arn)

    @property
    def is_role(self) -> bool:
        """Tell whether this is a session of a role."""
        return bool(self.session_name)

    @property
    def tags(self) -> Mapping[str, str]:
        """Return the tags of the role or user."""
        return tags_of_entity(self.entity)


def administrator_arn(account_id: str) -> str:
    """Return who calls with keys that IAM never issued: the one who set up the account."""
    return f"arn:aws:iam::{account_id}:user/administrator"


class UnknownKeyError(Exception):
    """A key that nobody has, or no longer: `code` and the message are STS's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Principals:
    """Finds callers in moto's STS and IAM backends, where the instance metadata service and executions put theirs."""

    def __init__(self, door: MotoDoor, account_id: str) -> None:
        self._door = door
        self._account_id = account_id

    def find(self, access_key: str | None) -> Principal:
        """Return the caller of a key; one that IAM never issued is the administrator's. Raises UnknownKeyError."""
        if not access_key:
            raise UnknownKeyError("MissingAuthenticationToken", "Request is missing Authentication Token")
        session = self._session(access_key)
        if session is not None:
            return self._role_session(session)
        if access_key.startswith(TEMPORARY):
            raise UnknownKeyError("ExpiredTokenException", "The security token included in the request is expired")
        return self._user(access_key) or Principal(administrator_arn(self._account_id), self._account_id)

    def role(self, arn: str) -> Any:
        """Return moto's role of an ARN, or None."""
        return next((role for role in list(self._iam.roles.values()) if role.arn == arn), None)

    def policies(self, entity: Any) -> list[Policy]:
        """Return the identity-based policies of a role or user, those of a user's groups included."""
        return policies_of(entity, self._iam)

    def boundary(self, entity: Any) -> Policy | None:
        """Return the permissions boundary of a role or user."""
        arn = getattr(entity, "permissions_boundary_arn", None)
        policy = self._iam.managed_policies.get(arn) if arn else None
        return None if policy is None else parse_managed(policy)

    @property
    def _iam(self) -> Any:
        return self._door.backend("iam", "aws")

    def _session(self, access_key: str) -> Any:
        return self._door.backend("sts", "aws").get_assumed_role_from_access_key(access_key)

    def _role_session(self, session: Any) -> Principal:
        if session.expiration.replace(tzinfo=UTC) < datetime.now(UTC):
            raise UnknownKeyError("ExpiredTokenException", "The security token included in the request is expired")
        role = self.role(session.role_arn)
        if role is None:
            raise UnknownKeyError("InvalidClientTokenId", "The security token included in the request is invalid.")
        return Principal(session.arn, session.account_id, role, session.session_name, session.policy or "")

    def _user(self, access_key: str) -> Principal | None:
        for user in list(self._iam.users.values()):
            if any(key.access_key_id == access_key for key in user.access_keys):
                return Principal(user.arn, self._account_id, user)
        return None


def policies_of(entity: Any, iam_backend: Any) -> list[Policy]:
    """Return the inline, attached and inherited policies of one of moto's IAM entities."""
    found = [Policy.parse(name, _text(document)) for name, document in _inline(entity)]
    found += [parse_managed(policy) for policy in list(entity.managed_policies.values())]
    for group in list(iam_backend.groups.values()):
        if any(member is entity for member in group.users):
            found += policies_of(group, iam_backend)
    return found


def tags_of_entity(entity: Any) -> dict[str, str]:
    """Return the tags of one of moto's IAM entities, which keeps them in one of two forms."""
    tags = getattr(entity, "tags", None) or {}
    if isinstance(tags, dict):
        return {key: value["Value"] if isinstance(value, dict) else str(value) for key, value in tags.items()}
    return {tag["Key"]: tag["Value"] for tag in tags}


def _inline(entity: Any) -> list[tuple[str, Any]]:
    policies = getattr(entity, "policies", {}) or {}
    return list(policies.items()) if isinstance(policies, dict) else []


def parse_managed(policy: Any) -> Policy:
    """Read the default version of one of moto's managed policies."""
    for version in policy.versions:
        if version.version_id == policy.default_version_id:
            return Policy.parse(policy.name, _text(version.document))
    return Policy.parse(policy.name, "")


def _text(document: Any) -> str:
    return document if isinstance(document, str) else ""
