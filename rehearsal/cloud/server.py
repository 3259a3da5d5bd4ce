"""Composes the endpoint: moto, what extends it, and the HTTP servers in front."""

from __future__ import annotations

import logging
import threading
from typing import Any

from moto.core.request import Request
from werkzeug.wrappers import Response

from rehearsal.cloud.authorizer import AllowEverything, Authorizer
from rehearsal.cloud.endpoint import Endpoint
from rehearsal.cloud.http_server import HttpServer
from rehearsal.cloud.moto_door import MotoDoor
from rehearsal.cloud.settings import CloudSettings
from rehearsal.cloud.ssm.models import SsmBackend
from rehearsal.cloud.ssm.operations import OPERATIONS
from rehearsal.cloud.validation import ModelValidator

WARM_SERVICES = ("ssm", "ec2", "sts", "iam", "cloudformation", "secretsmanager", "logs", "s3")

log = logging.getLogger(__name__)


class Cloud:
    """One AWS endpoint for one account, in this process.

    `start()` returns when all addresses listen; moto's slower services are loaded in the background. `stop()` ends the servers
    and drops all state of moto. A second cloud in the same process raises RuntimeError: moto's state belongs to the process.
    """

    def __init__(self, settings: CloudSettings, authorizer: Authorizer | None = None) -> None:
        self.settings = settings
        self.door = MotoDoor(settings.account_id)
        self._authorizer = authorizer or AllowEverything()
        self._servers: list[HttpServer] = []
        self.endpoint: Endpoint | None = None

    @property
    def url(self) -> str:
        """The first address that the endpoint listens on, as AWS_ENDPOINT_URL takes it."""
        if not self._servers:
            raise RuntimeError("the cloud is not started")
        return f"http://{self._servers[0].host}:{self._servers[0].server_port}"

    def start(self) -> None:
        """Open moto's door, listen on every address. Raises OSError when an address is taken."""
        self.door.open()
        try:
            self.endpoint = self._compose()
            for address, port in self.settings.listen:
                self._servers.append(HttpServer(address, port, self.endpoint))
        except BaseException:
            self.stop()
            raise
        for server in self._servers:
            threading.Thread(target=server.serve_forever, name=f"endpoint {server.host}", daemon=True).start()
        threading.Thread(target=self._warm_up, args=(self.endpoint,), name="warm-up", daemon=True).start()

    def stop(self) -> None:
        """End everything that `start` began. Safe to call twice."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._servers.clear()
        self.door.close()

    def _compose(self) -> Endpoint:
        self.door.extend("ssm", self._ssm_backend)
        return Endpoint(
            self.settings,
            self._authorizer,
            ModelValidator({"ssm": OPERATIONS}),
            handlers={},
            metadata=_no_metadata,
        )

    def _ssm_backend(self, region_name: str, account_id: str) -> Any:
        return SsmBackend(region_name, account_id)

    def _warm_up(self, endpoint: Endpoint) -> None:
        try:
            endpoint.warm_up(WARM_SERVICES)
        except Exception:
            log.exception("could not load moto's services ahead of their first use")


def _no_metadata(request: Request) -> Response:  # noqa: ARG001
    return Response("not a host of this rehearsal", status=404)
