"""Database credentials: fetched from Secrets Manager, kept in memory only, fetched again when they stop working."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

# A database that refuses everything must not turn each request into a call of Secrets Manager.
MINIMUM_SECONDS_BETWEEN_FETCHES = 1.0


class SecretsClient(Protocol):
    """The part of a boto3 Secrets Manager client that is used here."""

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, Any]: ...  # noqa: N803 - boto3's names


class CredentialsError(Exception):
    """The secret cannot be had or does not hold `username` and `password`; never contains their values."""


@dataclass(frozen=True)
class Credentials:
    username: str
    password: str = field(repr=False)
    version: str


@dataclass
class SecretsManagerCredentials:
    """Thread-safe holder of the current version of one secret."""

    arn: str
    client: SecretsClient
    stage: str = "AWSCURRENT"
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _current: Credentials | None = field(default=None, init=False, repr=False)
    _fetched_at: float = field(default=float("-inf"), init=False, repr=False)

    def current(self) -> Credentials:
        with self._lock:
            return self._current or self._fetch()

    def after_refusal(self, refused: Credentials) -> Credentials | None:
        """Give credentials that differ from the refused ones, or None when there are none (yet)."""
        with self._lock:
            if self._current is not None and self._current != refused:
                return self._current
            if time.monotonic() - self._fetched_at < MINIMUM_SECONDS_BETWEEN_FETCHES:
                return None
            fresh = self._fetch()
            return fresh if fresh != refused else None

    def _fetch(self) -> Credentials:
        self._fetched_at = time.monotonic()
        try:
            answer = self.client.get_secret_value(SecretId=self.arn, VersionStage=self.stage)
        except Exception as error:
            raise CredentialsError(f"cannot read the secret {self.arn}: {type(error).__name__}") from error
        self._current = parse(answer, self.arn)
        return self._current


def parse(answer: dict[str, Any], arn: str) -> Credentials:
    """Read a GetSecretValue answer whose SecretString is a JSON object with `username` and `password`."""
    try:
        values = json.loads(answer["SecretString"])
        return Credentials(str(values["username"]), str(values["password"]), str(answer["VersionId"]))
    except (KeyError, TypeError, ValueError):
        # `from None`: the parser's own message quotes the text that it could not read.
        raise CredentialsError(f"the secret {arn} is not a JSON object with username and password") from None


def secrets_client(region: str | None, timeout: float) -> SecretsClient:
    """Make a boto3 client with short timeouts; region and endpoint come from the AWS configuration when not given."""
    # Loaded on first use: the import alone takes longer than everything else at start-up.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(connect_timeout=timeout, read_timeout=timeout, retries={"total_max_attempts": 2})
    client: SecretsClient = boto3.client("secretsmanager", region_name=region, config=config)
    return client
