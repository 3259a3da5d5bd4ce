"""How a deployment reaches AWS: boto3 clients with the credentials of whoever deploys."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
from botocore.config import Config

Connector = Callable[[str, str, str | None], Callable[[str], Any]]
"""Called with Region, access key and the ARN of a passed role; returns what makes clients by service."""

SESSION_NAME = "AWSCloudFormation"


class EndpointConnector:
    """Makes clients for an endpoint, and keeps them: making one takes longer than most calls.

    The endpoint knows a caller by its access key and checks no signatures, so a deployment can act as its caller
    without knowing the secret. `endpoint_url` is asked for late: the port is known only once the endpoint listens.
    `assume(role ARN, session name)` yields the access key of a role that was passed to CloudFormation; without it STS
    is asked as the caller.
    """

    def __init__(
        self,
        endpoint_url: Callable[[], str | None] = lambda: None,
        assume: Callable[[str, str], str] | None = None,
    ) -> None:
        self._endpoint_url = endpoint_url
        self._assume = assume
        self._session: Any = boto3.session.Session()  # its overloads want the service as a literal
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, region: str, access_key: str, role_arn: str | None) -> Callable[[str], Any]:
        """Return what makes clients of a service; assumes the role when there is one."""
        if role_arn and self._assume:
            access_key = self._assume(role_arn, SESSION_NAME)
        elif role_arn:
            sts = self._client(region, access_key, "sts")
            assumed = sts.assume_role(RoleArn=role_arn, RoleSessionName=SESSION_NAME)
            access_key = assumed["Credentials"]["AccessKeyId"]
        return partial(self._client, region, access_key)

    def _client(self, region: str, access_key: str, service: str) -> Any:
        key = (region, access_key, service)
        with self._lock:  # sessions are not thread-safe
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service,
                    region_name=region,
                    endpoint_url=self._endpoint_url(),
                    aws_access_key_id=access_key or "AKIAIOSFODNN7EXAMPLE",
                    aws_secret_access_key="unchecked",  # noqa: S106 - see the class
                    config=Config(retries={"total_max_attempts": 2}, max_pool_connections=16, read_timeout=120),
                )
            return self._clients[key]


def default_connector(region: str, access_key: str, role_arn: str | None) -> Callable[[str], Any]:
    """Connect to wherever boto3 connects by itself: for moto's mock, which is within the process."""
    return EndpointConnector()(region, access_key, role_arn)
