"""What a check found, and what all of them together mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict


class Status(StrEnum):
    """From good to bad; the worst one that counts is the function's answer."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True)
class Finding:
    """What a check saw. `metrics` are extra figures of this check: name → (value, CloudWatch unit)."""

    status: Status
    detail: str
    metrics: tuple[tuple[str, float, str], ...] = ()


@dataclass(frozen=True)
class Result:
    """A check's finding and how long it took; `counts` says whether customers notice when it is down."""

    name: str
    finding: Finding
    latency_ms: int
    counts: bool


class CheckAnswer(TypedDict):
    """One row of the answer to a direct invocation."""

    name: str
    status: str
    latency_ms: int
    detail: str


class Answer(TypedDict):
    """The answer to a direct invocation."""

    status: str
    checks: list[CheckAnswer]


def overall(results: list[Result]) -> Status:
    """`down` when something that customers notice is down, `degraded` when anything else is not ok."""
    if any(result.counts and result.finding.status is Status.DOWN for result in results):
        return Status.DOWN
    if any(result.finding.status is not Status.OK for result in results):
        return Status.DEGRADED
    return Status.OK


def answer(results: list[Result]) -> Answer:
    return {
        "status": overall(results).value,
        "checks": [
            {
                "name": result.name,
                "status": result.finding.status.value,
                "latency_ms": result.latency_ms,
                "detail": result.finding.detail,
            }
            for result in results
        ],
    }
