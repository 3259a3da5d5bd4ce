"""The health reporter: looks at one stack from the outside, answers what it saw, and writes it as metrics."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aws_checks import check_agents, check_backup, check_nat_gateway
from metrics import emf_line
from results import answer
from running import Check, run_all
from settings import read
from web_checks import check_certificate, check_https, check_readiness, check_redirect

if TYPE_CHECKING:
    from results import Answer

CHECKS = (
    Check("Https", check_https, counts=True),
    Check("Redirect", check_redirect, counts=False),
    Check("Readiness", check_readiness, counts=True),
    Check("Certificate", check_certificate, counts=True),
    Check("Agents", check_agents, counts=False),
    Check("NatGateway", check_nat_gateway, counts=False),
    Check("Backup", check_backup, counts=False),
)
# Under 10 s in all, whatever hangs: the schedule comes each minute, and an invoker waits for the answer.
LIMIT_SECONDS = 8.0


def handler(event: dict[str, Any], context: object) -> Answer:  # noqa: ARG001 - Lambda's signature
    """Answer `{"status": "ok|degraded|down", "checks": [{"name", "status", "latency_ms", "detail"}]}`."""
    settings = read(os.environ)
    results = run_all(CHECKS, settings, limit_seconds=LIMIT_SECONDS)
    print(emf_line(settings.stack_name, results), flush=True)  # noqa: T201 - the log is the metrics' way
    return answer(results)
