"""Probes, one module a kind. Each has `ask(settings, surroundings) -> str`: empty when the answer is right."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.scenarios.checks import aws, host, http, sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from rehearsal.scenarios.model import Probe
    from rehearsal.scenarios.surroundings import Surroundings

POLL_SECONDS = 0.5
KINDS: Mapping[str, Callable[[Mapping[str, Any], Surroundings], str]] = {
    "http": http.ask,
    "aws": aws.ask,
    "host": host.ask,
    "sql": sql.ask,
}


@dataclass(frozen=True)
class CheckResult:
    name: str
    passed: bool
    detail: str


def ask(probe: Probe, surroundings: Surroundings) -> CheckResult:
    """Ask until the answer is right or the probe's time (`within_seconds`) is over; at least once."""
    deadline = time.monotonic() + probe.within_seconds
    settings = surroundings.values.fill(probe.settings)
    while True:
        try:
            wrong = KINDS[probe.kind](settings, surroundings)
        except (ClientError, BotoCoreError, TimeoutError) as problem:
            wrong = str(problem)
        if not wrong or time.monotonic() >= deadline:
            return CheckResult(probe.name, not wrong, wrong)
        time.sleep(POLL_SECONDS)


def ask_all(probes: Iterable[Probe], surroundings: Surroundings) -> list[CheckResult]:
    return [ask(probe, surroundings) for probe in probes]
