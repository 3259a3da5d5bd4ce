"""How executions reach AWS: boto3 sessions against this endpoint, with the credentials that the execution has.

An execution with a role gets a session of that role, named `Automation-<execution id>` as in AWS, so that everything
it does can be told apart. One without acts as its caller.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from rehearsal.automation import AssumeRoleDeniedError
from rehearsal.cloud.client_environment import client_environment
from rehearsal.cloud.iam.context import RequestContext
from rehearsal.cloud.iam.policy import trusts
from rehearsal.cloud.role_sessions import RoleCredentials, RoleSessions

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.automation import Caller
    from rehearsal.cloud.moto_door import MotoDoor
    from rehearsal.cloud.settings import CloudSettings

READ_SECONDS = 320
SESSION_SECONDS = 43_200
MAX_CLIENTS = 512
SERVICE = "ssm.amazonaws.com"
UNUSED_SECRET = "unused"  # noqa: S105 - the endpoint knows callers by their access key and checks no signature


class Clients:
    """boto3 clients by credentials, service and Region; making one takes far longer than a call."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._session: Any = boto3.session.Session()
        self._lock = threading.Lock()
        self._clients: OrderedDict[tuple[str, str, str], Any] = OrderedDict()
        self._config = Config(
            read_timeout=READ_SECONDS,
            connect_timeout=5,
            max_pool_connections=32,
            retries={"mode": "standard", "total_max_attempts": 2},
        )

    @property
    def url(self) -> str:
        """Where the endpoint is."""
        return self._url()

    def get(self, service: str, region: str, credentials: Credentials) -> Any:
        """Return a client. Raises botocore's UnknownServiceError."""
        key = (credentials.access_key_id, service, region)
        with self._lock:
            if key in self._clients:
                self._clients.move_to_end(key)
                return self._clients[key]
            client = self._session.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id=credentials.access_key_id,
                aws_secret_access_key=credentials.secret_access_key,
                aws_session_token=credentials.session_token or None,
                config=self._config,
            )
            self._clients[key] = client
            while len(self._clients) > MAX_CLIENTS:
                self._clients.popitem(last=False)
            return client


@dataclass(frozen=True)
class Credentials:
    """What a client signs with. Its repr shows the key's ID alone."""

    access_key_id: str
    secret_access_key: str = UNUSED_SECRET
    session_token: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id})"


class EndpointSession:
    """The credentials of one execution."""

    def __init__(self, clients: Clients, region: str, credentials: Credentials) -> None:
        self._clients = clients
        self._region = region
        self._credentials = credentials

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client of a service. Raises botocore's UnknownServiceError."""
        return self._clients.get(service, region or self._region, self._credentials)

    def environment(self) -> dict[str, str]:
        """Return what gives a child process these credentials, the Region and the endpoint."""
        return client_environment(self._credentials, self._region, self._clients.url)


class EndpointAccess:
    """Yields the sessions of executions in one Region."""

    def __init__(self, door: MotoDoor, settings: CloudSettings, region: str, clients: Clients) -> None:
        self._door = door
        self._account_id = settings.account_id
        self._region = region
        self._sessions = RoleSessions(door, region)
        self._clients = clients

    def session(self, role_arn: str | None, execution_id: str, caller: Caller) -> EndpointSession:
        """Return the role's session, or the caller's. Raises AssumeRoleDeniedError."""
        if not role_arn:
            return EndpointSession(self._clients, self._region, Credentials(caller.access_key_id))
        execution = f"arn:aws:ssm:{self._region}:{self._account_id}:automation-execution/{execution_id}"
        self._check_trust(role_arn, execution)
        issued: RoleCredentials = self._sessions.issue(role_arn, f"Automation-{execution_id}", SESSION_SECONDS)
        credentials = Credentials(issued.access_key_id, issued.secret_access_key, issued.session_token)
        return EndpointSession(self._clients, self._region, credentials)

    def _check_trust(self, role_arn: str, execution_arn: str) -> None:
        role = next((r for r in list(self._door.backend("iam", "aws").roles.values()) if r.arn == role_arn), None)
        if role is None:
            raise AssumeRoleDeniedError(f"The defined assume role is unable to be assumed: {role_arn} does not exist.")
        context = RequestContext({"aws:sourceaccount": self._account_id, "aws:sourcearn": execution_arn})
        trust = str(role.assume_role_policy_document or "")
        if not trusts(trust, {"Service": SERVICE}, "sts:AssumeRole", context):
            reason = f"{role_arn} does not trust {SERVICE} for this execution"
            raise AssumeRoleDeniedError(f"The defined assume role is unable to be assumed: {reason}.")
