"""Hybrid activations: hosts outside of EC2 that register with a code and then work as `mi-…` nodes.

The agent proves who it is with the key that it registered; the endpoint checks no signatures, so it compares the
fingerprint of the machine, which the agent sends along. Sources: CreateActivation; reference, command documents §4.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.role_sessions import RoleSessions
from rehearsal.cloud.ssm.exceptions import SsmError

if TYPE_CHECKING:
    from rehearsal.cloud.ssm.models import SsmBackend

DEFAULT_DAYS = 1
MAX_DAYS = 30
TOKEN_SECONDS = 3600


@dataclass
class Activation:
    """One CreateActivation; `request` has botocore's input names."""

    request: dict[str, Any]
    expires: datetime
    code: str = field(default_factory=lambda: secrets.token_urlsafe(15), repr=False)
    activation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    registrations: int = 0

    @property
    def limit(self) -> int:
        return int(self.request.get("RegistrationLimit") or 1)

    @property
    def is_expired(self) -> bool:
        return datetime.now(UTC) > self.expires

    def view(self) -> dict[str, Any]:
        """Return an Activation, as DescribeActivations has it: without its code."""
        request = self.request
        view = {
            "ActivationId": self.activation_id,
            "Description": request.get("Description"),
            "DefaultInstanceName": request.get("DefaultInstanceName"),
            "IamRole": request["IamRole"],
            "RegistrationLimit": self.limit,
            "RegistrationsCount": self.registrations,
            "ExpirationDate": self.expires,
            "Expired": self.is_expired,
            "CreatedDate": self.created,
            "Tags": request.get("Tags"),
        }
        return {key: value for key, value in view.items() if value is not None}


@dataclass
class Registration:
    """What a host registered with."""

    activation_id: str
    fingerprint: str
    public_key: str
    iam_role: str


class Activations:
    """The activations of one account and Region, and the hosts that used them."""

    def __init__(self, backend: SsmBackend) -> None:
        self._backend = backend
        self._activations: dict[str, Activation] = {}
        self._hosts: dict[str, Registration] = {}

    def create(self, request: dict[str, Any]) -> Activation:
        """CreateActivation. Raises InvalidParameters for a role that does not exist or a time out of bounds."""
        self._role(request["IamRole"])
        now = datetime.now(UTC)
        expires = _moment(request.get("ExpirationDate"), now + timedelta(days=DEFAULT_DAYS))
        if not now < expires <= now + timedelta(days=MAX_DAYS):
            raise SsmError("InvalidParameters", f"ExpirationDate must lie within the next {MAX_DAYS} days.")
        made = Activation(request, expires)
        self._activations[made.activation_id] = made
        return made

    def all(self) -> list[Activation]:
        """Return all activations, the oldest first."""
        return list(self._activations.values())

    def delete(self, activation_id: str) -> None:
        """DeleteActivation: no host can register with it any more."""
        if self._activations.pop(activation_id, None) is None:
            raise SsmError("InvalidActivation", f"Activation {activation_id} does not exist.")

    def register(self, activation_id: str, code: str, *, public_key: str, fingerprint: str) -> str:
        """RegisterManagedInstance: returns the new node's ID."""
        with self._backend.lock:
            activation = self._activations.get(activation_id)
            if activation is None or not secrets.compare_digest(activation.code.encode(), code.encode()):
                raise SsmError("InvalidActivation", "The activation ID and code do not belong together.")
            if activation.is_expired or activation.registrations >= activation.limit:
                raise SsmError("InvalidActivation", "The activation has expired or has been used up.")
            activation.registrations += 1
        node_id = f"mi-{secrets.token_hex(9)[:17]}"
        role = str(activation.request["IamRole"]).rpartition("/")[2]
        self._hosts[node_id] = Registration(activation_id, fingerprint, public_key, role)
        name = activation.request.get("DefaultInstanceName")
        self._backend.nodes.register(node_id, {"ActivationId": activation_id, "IamRole": role, "Name": name})
        return node_id

    def deregister(self, node_id: str) -> None:
        """DeregisterManagedInstance. Raises InvalidInstanceId."""
        if self._hosts.pop(node_id, None) is None:
            raise SsmError("InvalidInstanceId", f"Managed node {node_id} is not registered in this account.")
        self._backend.nodes.forget(node_id)

    def replace_key(self, node_id: str, public_key: str) -> None:
        """UpdateManagedInstancePublicKey."""
        self._host(node_id).public_key = public_key

    def role_token(self, node_id: str, fingerprint: str) -> dict[str, Any]:
        """RequestManagedInstanceRoleToken: credentials of the activation's role."""
        host = self._host(node_id)
        if not secrets.compare_digest(host.fingerprint.encode(), fingerprint.encode()):
            raise SsmError("MachineFingerprintDoesNotMatch", "The machine is not the one that registered.")
        role = self._role(host.iam_role)
        issued = RoleSessions(self._backend.door, self._backend.region_name).issue(role.arn, node_id, TOKEN_SECONDS)
        return {
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret_access_key,
            "SessionToken": issued.session_token,
            "TokenExpirationDate": int(issued.expires.timestamp()),
            "UpdateKeyPair": False,
        }

    def _host(self, node_id: str) -> Registration:
        found = self._hosts.get(node_id)
        if found is None:
            raise SsmError("InvalidInstanceId", f"Managed node {node_id} is not registered in this account.")
        return found

    def _role(self, name: str) -> Any:
        wanted = name.rpartition("/")[2]
        roles = self._backend.door.backend("iam", "aws").roles.values()
        role = next((each for each in list(roles) if each.name == wanted), None)
        if role is None:
            raise SsmError("InvalidParameters", f"Role {name} does not exist.")
        return role


def _moment(wanted: Any, default: datetime) -> datetime:
    """A timestamp as the wire has it: seconds since 1970, or ISO 8601."""
    if wanted is None:
        return default
    try:
        if isinstance(wanted, str):
            moment = datetime.fromisoformat(wanted)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return datetime.fromtimestamp(float(wanted), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SsmError("InvalidParameters", "ExpirationDate is no time.") from error
