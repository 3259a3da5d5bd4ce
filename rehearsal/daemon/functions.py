"""Where functions of Lambda run: outside, in the `internet` container, where the application's clients are.

There they find the public addresses and names, and trust the outside's certificate authority, as functions on AWS reach
the public Internet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cloud.functions.process_runner import ProcessRunner
from rehearsal.hosts import ENDPOINT_ADDRESS, HostsError, Internet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rehearsal.hosts.execution import Conversation
    from rehearsal.settings import Settings

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
"""In the container: the public authorities, and those of the outside."""


def functions_outside(settings: Settings, port: int) -> ProcessRunner:
    """Make what runs functions in the container; the container need not run yet."""
    internet = Internet(settings)

    def converse(argv: Sequence[str]) -> Conversation:
        try:
            return internet.converse(argv)
        except HostsError as error:
            raise OSError(str(error)) from error

    # boto3 brings a list of authorities of its own, which does not have those of the outside.
    environment = {"AWS_ENDPOINT_URL": f"http://{ENDPOINT_ADDRESS}:{port}", "SSL_CERT_FILE": CERTIFICATES}
    return ProcessRunner(converse, python="python3", environment=environment)
