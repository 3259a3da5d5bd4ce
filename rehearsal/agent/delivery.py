"""Calls to the message service that are made again until they succeed, or it is certain that they cannot."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from rehearsal.agent.aws import AwsError
from rehearsal.agent.http_client import TransportError
from rehearsal.agent.imds import MetadataError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

FAILURES = (AwsError, TransportError, MetadataError)
_FIRST_SECONDS = 0.2
_LONGEST_SECONDS = 15.0
_REFUSALS = 3
_CLIENT_ERRORS = range(400, 500)
# Client errors that pass: with time, with new credentials, with a policy that is attached later.
_PASSING = (
    "Throttl",
    "TooManyRequests",
    "RequestLimit",
    "Expired",
    "AccessDenied",
    "UnrecognizedClient",
    "InvalidClientTokenId",
)


class StoppedError(Exception):
    """The agent is stopping: what was to be done is left to the next one."""


class Backoff:
    """Waits that double up to a longest one, with jitter, and end at once when the agent stops."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._seconds = _FIRST_SECONDS

    def wait(self) -> None:
        """Raises StoppedError when the agent stops meanwhile."""
        if self._stop.wait(self._seconds * random.uniform(0.5, 1.0)):  # noqa: S311 - jitter, not a secret
            raise StoppedError
        self._seconds = min(2 * self._seconds, _LONGEST_SECONDS)

    def reset(self) -> None:
        self._seconds = _FIRST_SECONDS


def deliver(
    call: Callable[[], None],
    what: str,
    *,
    stop: threading.Event,
    log: Callable[[str], None],
    may_go_on: Callable[[], bool],
) -> bool:
    """Call until it succeeds. False when the service refuses it for good, or `may_go_on` says that it is too late."""
    backoff = Backoff(stop)
    refusals = 0
    while may_go_on():
        try:
            call()
        except FAILURES as error:
            refusals += _is_refusal(error)
            log(f"{what}: {error}")
            if refusals >= _REFUSALS:
                return False
            backoff.wait()
        else:
            return True
    return False


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, AwsError) and error.status in _CLIENT_ERRORS and not error.code.startswith(_PASSING)
