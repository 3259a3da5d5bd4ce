"""The instance metadata service, for hosts that the endpoint knows by their source address.

Version 2 with session tokens, as EC2 documents it ("Use IMDS"); version 1 only where the instance's HttpTokens is
`optional`. The hop limit is a property of IP packets and cannot be kept here.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from rehearsal.cloud.role_sessions import RoleSessions

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from rehearsal.cloud.machines import Machines
    from rehearsal.cloud.moto_door import MotoDoor
    from rehearsal.cloud.role_sessions import RoleCredentials
    from rehearsal.cloud.settings import CloudSettings

TOKEN_HEADER = "X-aws-ec2-metadata-token"  # noqa: S105 - a header's name
TTL_HEADER = "X-aws-ec2-metadata-token-ttl-seconds"
MAX_TTL = 21_600
MAX_TOKENS = 1_000
CREDENTIAL_SECONDS = 21_600
RENEW_BEFORE = timedelta(minutes=15)

Tree = dict[str, Any]


@dataclass(frozen=True)
class _Token:
    instance_id: str
    ttl: int
    ends: float


class InstanceMetadata:
    """Answers requests to 169.254.169.254."""

    def __init__(self, machines: Machines, door: MotoDoor, settings: CloudSettings) -> None:
        self._machines = machines
        self._settings = settings
        self._sessions = RoleSessions(door, settings.region)
        self._lock = threading.Lock()
        self._tokens: dict[str, _Token] = {}
        self._credentials: dict[tuple[str, str], RoleCredentials] = {}

    def __call__(self, request: Request) -> Response:
        """Answer one request: 401 without a valid token, 403 for a disabled endpoint, 404 for what is not there."""
        instance = self._machines.by_address(request.remote_addr or "")
        if instance is None:
            return _text("", 404)
        options = instance.metadata_options
        if str(options.http_endpoint) == "disabled":
            return _text("", 403)
        if request.method == "PUT" and request.path == "/latest/api/token":
            return self._issue_token(request, instance.id)
        if request.method not in {"GET", "HEAD"}:
            return _text("", 405)
        given = request.headers.get(TOKEN_HEADER)
        if (given is not None or str(options.http_tokens) != "optional") and not self._is_valid(given, instance.id):
            return _text("", 401)
        return self._read(request.path, instance)

    def _issue_token(self, request: Request, instance_id: str) -> Response:
        if "X-Forwarded-For" in request.headers:
            return _text("", 403)
        wanted = request.headers.get(TTL_HEADER, "")
        if not wanted.isdecimal() or not 1 <= int(wanted[:9]) <= MAX_TTL:
            return _text("", 400)
        token, now = secrets.token_urlsafe(40), time.monotonic()
        with self._lock:
            self._tokens = {key: known for key, known in self._tokens.items() if known.ends > now}
            while len(self._tokens) >= MAX_TOKENS:
                self._tokens.pop(next(iter(self._tokens)))
            self._tokens[token] = _Token(instance_id, int(wanted), now + int(wanted))
        return _text(token, headers={TTL_HEADER: wanted})

    def _is_valid(self, given: str | None, instance_id: str) -> bool:
        known = self._tokens.get(given or "")
        return known is not None and known.instance_id == instance_id and known.ends > time.monotonic()

    def _read(self, path: str, instance: Any) -> Response:
        found: Any = {"latest": self._tree(instance)}
        for part in path.strip("/").split("/"):
            found = found.get(part) if isinstance(found, dict) else None
            if callable(found):
                found = found()
            if found is None:
                return _text("", 404)
        if isinstance(found, dict):
            return _text("\n".join(f"{name}/" if _is_folder(entry) else name for name, entry in found.items()))
        return _text(str(found))

    def _tree(self, instance: Any) -> Tree:
        zone = str(instance.placement.zone)
        meta: Tree = {
            "ami-id": instance.image_id,
            "ami-launch-index": str(instance.ami_launch_index),
            "hostname": instance.private_dns_name,
            "instance-action": "none",
            "instance-id": instance.id,
            "instance-life-cycle": "on-demand",
            "instance-type": instance.instance_type,
            "local-hostname": instance.private_dns_name,
            "local-ipv4": instance.private_ip,
            "placement": {"availability-zone": zone, "region": self._settings.region},
            "security-groups": "\n".join(group.name for group in instance.security_groups),
            "services": {"domain": "amazonaws.com", "partition": "aws"},
        }
        if instance.public_ip:
            meta["public-ipv4"] = instance.public_ip
        profile, role = self._machines.profile(instance.id), self._machines.role(instance.id)
        if profile is not None and role is not None:
            meta["iam"] = {
                "info": lambda: _json(
                    {
                        "Code": "Success",
                        "LastUpdated": _moment(datetime.now(UTC)),
                        "InstanceProfileArn": profile.arn,
                        "InstanceProfileId": profile.id,
                    }
                ),
                "security-credentials": {role.name: lambda: self._role_credentials(instance.id, role.arn)},
            }
        if str(instance.metadata_options.instance_metadata_tags) == "enabled":
            meta["tags"] = {"instance": dict(self._machines.tags(instance.id))}
        return {
            "meta-data": meta,
            "dynamic": {"instance-identity": {"document": lambda: self._identity(instance, zone)}},
            "api": {"token": None},
        }

    def _role_credentials(self, instance_id: str, role_arn: str) -> str:
        key, now = (instance_id, role_arn), datetime.now(UTC)
        with self._lock:
            held = self._credentials.get(key)
            if held is None or held.expires - now < RENEW_BEFORE:
                held = self._sessions.issue(role_arn, instance_id, CREDENTIAL_SECONDS)
                self._credentials[key] = held
        return _json(
            {
                "Code": "Success",
                "LastUpdated": _moment(held.expires - timedelta(seconds=CREDENTIAL_SECONDS)),
                "Type": "AWS-HMAC",
                "AccessKeyId": held.access_key_id,
                "SecretAccessKey": held.secret_access_key,
                "Token": held.session_token,
                "Expiration": _moment(held.expires),
            }
        )

    def _identity(self, instance: Any, zone: str) -> str:
        return _json(
            {
                "accountId": self._settings.account_id,
                "architecture": getattr(instance, "architecture", "x86_64"),
                "availabilityZone": zone,
                "imageId": instance.image_id,
                "instanceId": instance.id,
                "instanceType": instance.instance_type,
                "pendingTime": _moment(instance.launch_time.replace(tzinfo=UTC)),
                "privateIp": instance.private_ip,
                "region": self._settings.region,
                "version": "2017-09-30",
            }
        )


def _is_folder(entry: Any) -> bool:
    return isinstance(entry, dict)


def _json(members: dict[str, str]) -> str:
    return json.dumps(members, indent=2)


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(body: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status=status, headers=headers, content_type="text/plain")
