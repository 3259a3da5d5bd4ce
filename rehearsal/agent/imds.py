"""Who this host is: the instance metadata service, version 2."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
import time
from dataclasses import dataclass

from rehearsal.agent.http_client import TransportError, request
from rehearsal.agent.sigv4 import Credentials

_DEFAULT = "http://169.254.169.254"
_TOKEN_SECONDS = 21_600
_REFRESH_BEFORE = 300.0
_SHORTEST = 60.0
_ANSWER_SECONDS = 5.0
_MAX_ANSWER = 65_536
_OK = 200
_UNAUTHORIZED = 401


class MetadataError(Exception):
    """The metadata service does not answer, or not with what was asked for."""


@dataclass(frozen=True)
class Identity:
    instance_id: str
    region: str
    address: str  # private IPv4, empty when there is none


class Metadata:
    """A client that keeps its session token and the role's credentials until they are about to expire."""

    def __init__(self, endpoint: str = "") -> None:
        self._endpoint = (endpoint or os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _DEFAULT).rstrip("/")
        self._lock = threading.Lock()
        self._token = ""
        self._token_until = 0.0
        self._credentials: Credentials | None = None

    def identity(self) -> Identity:
        return Identity(
            instance_id=self._get("/latest/meta-data/instance-id"),
            region=self._get("/latest/meta-data/placement/region"),
            address=self._get("/latest/meta-data/local-ipv4", optional=True),
        )

    def credentials(self) -> Credentials:
        """The instance profile's. Raises MetadataError when the host has none (yet)."""
        with self._lock:
            if self._credentials is None or time.time() > self._credentials.expires - _REFRESH_BEFORE:
                self._credentials = self._fetch_credentials()
            return self._credentials

    def forget_credentials(self) -> None:
        """Ask anew next time: the service said that they have expired."""
        with self._lock:
            self._credentials = None

    def _fetch_credentials(self) -> Credentials:
        folder = "/latest/meta-data/iam/security-credentials/"
        role = self._get(folder).split("\n", 1)[0].strip()
        try:
            answer = json.loads(self._get(folder + role))
            return Credentials(
                answer["AccessKeyId"], answer["SecretAccessKey"], answer.get("Token", ""), _expiry(answer["Expiration"])
            )
        except (ValueError, KeyError, TypeError):
            raise MetadataError(f"the credentials of role {role} at {self._endpoint} are not what IMDS sends") from None

    def _get(self, path: str, *, optional: bool = False) -> str:
        answer = self._ask(path)
        if answer.status == _UNAUTHORIZED:
            self._token_until = 0.0
            answer = self._ask(path)
        if answer.status == _OK:
            return answer.body.decode("utf-8", "replace").strip()
        if optional:
            return ""
        raise MetadataError(f"{self._endpoint}{path} answered {answer.status}")

    def _ask(self, path: str) -> _Answer:
        try:
            if time.monotonic() >= self._token_until:
                self._renew_token()
            headers = {"X-aws-ec2-metadata-token": self._token}
            found = request(
                "GET", self._endpoint + path, headers=headers, seconds=_ANSWER_SECONDS, max_answer=_MAX_ANSWER
            )
        except TransportError as error:
            raise MetadataError(str(error)) from None
        return _Answer(found.status, found.body)

    def _renew_token(self) -> None:
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
        url = f"{self._endpoint}/latest/api/token"
        answer = request("PUT", url, headers=headers, seconds=_ANSWER_SECONDS, max_answer=_MAX_ANSWER)
        if answer.status != _OK:
            raise MetadataError(f"{url} answered {answer.status}")
        self._token = answer.body.decode("ascii", "replace").strip()
        self._token_until = time.monotonic() + _TOKEN_SECONDS - _SHORTEST


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes


def _expiry(text: str) -> float:
    """Seconds since the epoch; never so near that credentials would be asked for at every call."""
    moment = dt.datetime.fromisoformat(text).timestamp()
    return max(moment, time.time() + _REFRESH_BEFORE + _SHORTEST)
