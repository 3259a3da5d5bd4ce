"""What became of the requests of a load: figures for reports, and series for the chart."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BUCKETS = 120  # at most this many points in a chart
BUCKET_SECONDS = (0.25, 0.5, 1, 2, 5, 10, 30, 60)


@dataclass(frozen=True)
class Sample:
    """One request: `started` in epoch seconds, `error` empty when it was answered well. Lost otherwise."""

    started: float
    path: str
    kept_alive: bool
    status: int
    milliseconds: float
    error: str


@dataclass(frozen=True)
class Loss:
    """Requests that were lost in the same way."""

    error: str
    path: str
    kept_alive: bool
    count: int
    first: float
    last: float


@dataclass(frozen=True)
class Bucket:
    """The requests that started in a stretch of time; p99 in milliseconds, None where none was answered."""

    start: float
    sent: int
    lost: int
    p99_ms: float | None


@dataclass(frozen=True)
class Requests:
    """The figures of one load. Latencies are those of answered requests, in milliseconds."""

    sent: int
    lost: int
    p50_ms: float | None
    p99_ms: float | None
    slowest_ms: float | None
    lost_seconds: float | None
    """From the first lost request to the last one; None when none was lost."""
    losses: tuple[Loss, ...]
    bucket_seconds: float
    buckets: tuple[Bucket, ...]


def measure(samples: Sequence[Sample]) -> Requests:
    answered = sorted(sample.milliseconds for sample in samples if not sample.error)
    lost = [sample for sample in samples if sample.error]
    moments = [sample.started for sample in lost]
    width = _bucket_seconds(samples)
    return Requests(
        sent=len(samples),
        lost=len(lost),
        p50_ms=percentile(answered, 50),
        p99_ms=percentile(answered, 99),
        slowest_ms=answered[-1] if answered else None,
        lost_seconds=round(max(moments) - min(moments), 2) if lost else None,
        losses=_losses(lost),
        bucket_seconds=width,
        buckets=_buckets(samples, width),
    )


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """The nearest-rank percentile of values in ascending order."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _losses(lost: Iterable[Sample]) -> tuple[Loss, ...]:
    groups: dict[tuple[str, str, bool], list[float]] = {}
    for sample in lost:
        groups.setdefault((sample.error, sample.path, sample.kept_alive), []).append(sample.started)
    losses = [Loss(*key, len(times), min(times), max(times)) for key, times in groups.items()]
    return tuple(sorted(losses, key=lambda loss: -loss.count))


def _bucket_seconds(samples: Sequence[Sample]) -> float:
    if not samples:
        return BUCKET_SECONDS[0]
    moments = [sample.started for sample in samples]
    span = max(moments) - min(moments)
    return next((width for width in BUCKET_SECONDS if span / width <= BUCKETS), BUCKET_SECONDS[-1])


def _buckets(samples: Sequence[Sample], width: float) -> tuple[Bucket, ...]:
    if not samples:
        return ()
    origin = min(sample.started for sample in samples)
    answered: dict[int, list[float]] = {}
    sent: Counter[int] = Counter()
    lost: Counter[int] = Counter()
    for sample in samples:
        index = int((sample.started - origin) / width)
        sent[index] += 1
        if sample.error:
            lost[index] += 1
        else:
            answered.setdefault(index, []).append(sample.milliseconds)
    return tuple(
        Bucket(origin + index * width, sent[index], lost[index], percentile(sorted(answered.get(index, [])), 99))
        for index in range(max(sent) + 1)
    )
