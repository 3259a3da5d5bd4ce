"""The metrics of one account and Region, each told by namespace, name and its exact set of dimensions.

moto keeps one list of everything, and finds a metric by any of its dimensions; in CloudWatch each set of dimensions is
a metric of its own (User Guide, "Metrics concepts"). Data older than 15 days is dropped.
"""

from __future__ import annotations

import bisect
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from rehearsal.cloud.cloudwatch.statistics import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEPT_SECONDS = 15 * 86_400
MAX_SAMPLES = 50_000
"""Of one metric: more than two weeks of one a second would be too many to save again and again."""

Dimensions = tuple[tuple[str, str], ...]


class MetricKey(NamedTuple):
    """What names a metric."""

    namespace: str
    name: str
    dimensions: Dimensions


def dimensions_of(listed: Iterable[Mapping[str, str]] | None) -> Dimensions:
    """Return dimensions as they stand in a key."""
    return tuple(sorted((each["Name"], each["Value"]) for each in listed or ()))


class MetricStore:
    """Samples in the order of their time. Reading is safe from any thread; who puts holds the backend's lock."""

    def __init__(self) -> None:
        self._samples: dict[MetricKey, list[Sample]] = {}

    def put(self, namespace: str, datum: Mapping[str, Any]) -> None:
        """Add one member of PutMetricData's `MetricData`."""
        key = MetricKey(namespace, str(datum["MetricName"]), dimensions_of(datum.get("Dimensions")))
        samples = self._samples.setdefault(key, [])
        bisect.insort(samples, _sample(datum), key=lambda each: each.time)
        if len(samples) > MAX_SAMPLES or samples[0].time < time.time() - KEPT_SECONDS:
            self._drop_old(samples)

    def between(self, key: MetricKey, start: float, end: float, unit: str | None = None) -> list[Sample]:
        """Return the samples of a metric from `start` on, before `end`."""
        samples = self._samples.get(key, [])
        first = bisect.bisect_left(samples, start, key=lambda each: each.time)
        last = bisect.bisect_left(samples, end, key=lambda each: each.time)
        return [each for each in samples[first:last] if unit in {None, each.unit}]

    def matching(self, namespace: str | None, name: str | None, wanted: Iterable[Mapping[str, str]]) -> list[MetricKey]:
        """Return metrics as ListMetrics does: dimensions may be given in part, and without a value."""
        filters = [(each["Name"], each.get("Value")) for each in wanted]
        return [
            key
            for key in list(self._samples)
            if namespace in {None, key.namespace}
            and name in {None, key.name}
            and all(any(own == n and v in {None, value} for own, value in key.dimensions) for n, v in filters)
        ]

    def _drop_old(self, samples: list[Sample]) -> None:
        first = bisect.bisect_left(samples, time.time() - KEPT_SECONDS, key=lambda each: each.time)
        del samples[: max(first, len(samples) - MAX_SAMPLES)]


def epoch(moment: datetime | float) -> float:
    """Return a time of the API as epoch seconds; moto hands over times without a zone, which are UTC's."""
    if isinstance(moment, int | float):
        return float(moment)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _sample(datum: Mapping[str, Any]) -> Sample:
    stamp = datum.get("Timestamp")
    moment = epoch(stamp) if stamp else time.time()
    unit = str(datum.get("Unit") or "None")
    if statistics := datum.get("StatisticValues"):
        names = ("Minimum", "Maximum", "Sum", "SampleCount")
        low, high, total, count = (float(statistics[name]) for name in names)
        return Sample(moment, unit, (), (low, high, total, count))
    values = [float(each) for each in datum.get("Values") or [datum.get("Value", 0.0)]]
    counts = [float(each) for each in datum.get("Counts") or [1.0] * len(values)]
    return Sample(moment, unit, tuple(zip(values, counts, strict=True)))
