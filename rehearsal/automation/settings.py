"""The settings of an engine, with the service's limits as defaults (reference §1.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _no_setting(_setting_id: str) -> str | None:
    return None


@dataclass(frozen=True)
class Limits:
    """Quotas of the service (`https://docs.aws.amazon.com/general/latest/gr/ssm.html`)."""

    running: int = 100
    blocked: int = 400  # more executions that wait in approve, pause or sleep
    queued: int = 5000
    rate_running: int = 25  # executions with targets, which only start and await others
    rate_queued: int = 1000
    nesting: int = 5
    retention_days: int = 30
    cancel_seconds: float = 120.0
    script_output_bytes: int = 100 * 1024
    script_list_items: int = 100
    api_seconds: float = 25.0
    lambda_seconds: float = 300.0
    lambda_output_bytes: int = 200 * 1024
    loop_iterations: int = 100
    sleep_seconds: int = 604_799
    wait_for_person_seconds: int = 2_592_000


@dataclass(frozen=True)
class EngineSettings:
    """Where an engine stands and how it works.

    `service_setting` reads an account setting by its id (`/ssm/automation/…`), or None where it was never set.
    `listener` is told of each status change as an EventBridge event (reference §6.2).
    `poll_seconds` is the shortest and the longest pause between two looks at a resource.
    """

    account_id: str
    region: str
    partition: str = "aws"
    limits: Limits = field(default_factory=Limits)
    poll_seconds: tuple[float, float] = (0.1, 1.0)
    service_setting: Callable[[str], str | None] = _no_setting
    listener: Callable[[Mapping[str, Any]], None] | None = None
