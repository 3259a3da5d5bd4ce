"""Statistics over the data of one period.

Source: CloudWatch User Guide, "CloudWatch statistics definitions". Trimmed means and the like are refused by name.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SIMPLE = frozenset({"SampleCount", "Sum", "Average", "Minimum", "Maximum"})
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


@dataclass(frozen=True)
class Sample:
    """One datum: values with how often each was counted, or only their summary. `time` is in epoch seconds."""

    time: float
    unit: str
    values: tuple[tuple[float, float], ...]
    summary: tuple[float, float, float, float] | None = None
    """Minimum, maximum, sum and count, where the values themselves were not given."""


def is_statistic(name: str) -> bool:
    """Whether this is a statistic that can be computed here."""
    return name in SIMPLE or _PERCENTILE.fullmatch(name) is not None


def compute(samples: Iterable[Sample], statistic: str) -> float | None:
    """Return a statistic of a period's data; None where there is none, or where summaries do not yield it."""
    found = list(samples)
    if not found:
        return None
    if percentile := _PERCENTILE.fullmatch(statistic):
        return _percentile(found, float(percentile[1]))
    count = sum(_summary(each)[3] for each in found)
    total = sum(_summary(each)[2] for each in found)
    if not count:
        return None
    return {
        "SampleCount": count,
        "Sum": total,
        "Average": total / count,
        "Minimum": min(_summary(each)[0] for each in found),
        "Maximum": max(_summary(each)[1] for each in found),
    }[statistic]


def sample_count(samples: Iterable[Sample]) -> float:
    """How many values there are."""
    return sum(_summary(each)[3] for each in samples)


def _summary(sample: Sample) -> tuple[float, float, float, float]:
    if sample.summary is not None:
        return sample.summary
    values = [value for value, _ in sample.values]
    count = sum(each for _, each in sample.values)
    return min(values), max(values), sum(value * each for value, each in sample.values), count


def _percentile(samples: list[Sample], percent: float) -> float | None:
    """The smallest value that this share of all values does not exceed."""
    values: list[tuple[float, float]] = []
    for sample in samples:
        if sample.summary is None:
            values += sample.values
        elif sample.summary[0] == sample.summary[1]:
            values.append((sample.summary[0], sample.summary[3]))
        else:
            return None
    values.sort()
    wanted = percent / 100 * math.fsum(count for _, count in values)
    reached = 0.0
    for value, count in values:
        reached += count
        if reached >= wanted:
            return value
    return values[-1][0]
