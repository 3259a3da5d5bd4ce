"""boto3 clients of the account that a scenario works in."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config


class Aws:
    """Clients by service name, each made once. Safe to use from several threads."""

    def __init__(self, *, region: str, endpoint_url: str | None, access_key_id: str, secret_access_key: str) -> None:
        self.region = region
        self._endpoint_url = endpoint_url
        self._session = boto3.Session(
            aws_access_key_id=access_key_id, aws_secret_access_key=secret_access_key, region_name=region
        )
        self._config = Config(
            connect_timeout=5,
            read_timeout=120,
            retries={"mode": "standard", "max_attempts": 3},
            # An endpoint of one's own is on this machine, where the user's proxy does not lead.
            proxies={} if endpoint_url else None,
        )
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()  # making clients is what boto3 does not allow in parallel

    def client(self, service: str) -> Any:
        with self._making:
            if service not in self._clients:
                # The name is data of a scenario; the overloads of boto3's stubs want literals.
                self._clients[service] = self._session.client(  # type: ignore[call-overload]
                    service, endpoint_url=self._endpoint_url, config=self._config
                )
            return self._clients[service]
