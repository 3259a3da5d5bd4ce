"""Reading metrics: GetMetricStatistics, GetMetricData, and what an alarm watches.

Source: API reference of GetMetricStatistics and GetMetricData. A metric is found by its exact set of dimensions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.exceptions import ValidationError

from rehearsal.cloud.cloudwatch.alarms import moment
from rehearsal.cloud.cloudwatch.expressions import ExpressionError, Series, evaluate
from rehearsal.cloud.cloudwatch.metrics import MetricKey, MetricStore, dimensions_of, epoch
from rehearsal.cloud.cloudwatch.statistics import compute, is_statistic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_POINTS = 1_440
MAX_DATA_POINTS = 100_800


def series_of(store: MetricStore, stat: Mapping[str, Any], starts: Sequence[float], length: float) -> Series:
    """Return the values of a MetricStat in the periods that begin at `starts` and last `length` seconds."""
    metric = stat["Metric"]
    key = MetricKey(metric["Namespace"], metric["MetricName"], dimensions_of(metric.get("Dimensions")))
    found = {
        start: compute(store.between(key, start, start + length, stat.get("Unit")), stat["Stat"]) for start in starts
    }
    return {start: value for start, value in found.items() if value is not None}


def answers(
    store: MetricStore, queries: Sequence[Mapping[str, Any]], starts: Sequence[float], length: float
) -> dict[str, Series]:
    """Return the series of all queries by their IDs; expressions may refer to each other. Raises ExpressionError."""
    known = {
        query["Id"]: series_of(store, query["MetricStat"], starts, length) for query in queries if "MetricStat" in query
    }
    waiting = [query for query in queries if "MetricStat" not in query]
    while waiting:
        left = []
        problem: ExpressionError | None = None
        for query in waiting:
            try:
                known[query["Id"]] = evaluate(str(query.get("Expression", "")), known, tuple(starts))
            except ExpressionError as error:
                problem = error
                left.append(query)
        if problem is not None and len(left) == len(waiting):
            raise problem
        waiting = left
    return known


def metric_data(
    store: MetricStore, queries: Sequence[Mapping[str, Any]], start: Any, end: Any, *, descending: bool
) -> list[dict[str, Any]]:
    """GetMetricData's results; each query has its own period."""
    first, last = epoch(start), epoch(end)
    if first >= last:
        raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
    lengths = {query["Id"]: _length(query, queries) for query in queries}
    results = []
    for query in queries:
        length = lengths[query["Id"]]
        starts = _starts(first, last, length)
        same = [each for each in queries if lengths[each["Id"]] == length]
        try:
            series = answers(store, same, starts, length)[query["Id"]]
        except ExpressionError as error:
            raise ValidationError(f"Error in expression '{query['Id']}': {error}") from error
        if query.get("ReturnData", True):
            times = sorted(series, reverse=descending)
            results.append(
                {
                    "Id": query["Id"],
                    "Label": query.get("Label") or _label(query),
                    "Timestamps": [moment(time) for time in times],
                    "Values": [series[time] for time in times],
                    "StatusCode": "Complete",
                }
            )
    return results


def metric_statistics(store: MetricStore, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """GetMetricStatistics' datapoints: one a period and unit."""
    names = [*(request.get("Statistics") or []), *(request.get("ExtendedStatistics") or [])]
    for name in names:
        if not is_statistic(name):
            raise ValidationError(f"The value {name} for parameter Statistics or ExtendedStatistics is not supported.")
    first, last, length = epoch(request["StartTime"]), epoch(request["EndTime"]), float(request["Period"])
    if first >= last:
        raise ValidationError("The parameter StartTime must be less than the parameter EndTime.")
    starts = _starts(first, last, length)
    if len(starts) > MAX_POINTS:
        raise ValidationError(
            f"You have requested up to {len(starts)} datapoints, which exceeds the limit of {MAX_POINTS}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    key = MetricKey(request["Namespace"], request["MetricName"], dimensions_of(request.get("Dimensions")))
    points = []
    for start in starts:
        samples = store.between(key, start, min(start + length, last), request.get("Unit"))
        for unit in sorted({sample.unit for sample in samples}):
            own = [sample for sample in samples if sample.unit == unit]
            point: dict[str, Any] = {"Timestamp": moment(start), "Unit": unit}
            point |= {name: compute(own, name) for name in request.get("Statistics") or []}
            extended = {name: compute(own, name) for name in request.get("ExtendedStatistics") or []}
            points.append(point | ({"ExtendedStatistics": extended} if extended else {}))
    return points


def _length(query: Mapping[str, Any], queries: Sequence[Mapping[str, Any]]) -> float:
    """A query's period; an expression without one has that of the metrics beside it."""
    own = query.get("Period") or query.get("MetricStat", {}).get("Period")
    others = [each["MetricStat"]["Period"] for each in queries if "MetricStat" in each]
    found = own or (max(others) if others else 60)
    if float(found) <= 0:
        raise ValidationError("Period must be a positive number of seconds.")
    return float(found)


def _starts(first: float, last: float, length: float) -> list[float]:
    """The beginnings of the periods; times are rounded down to whole minutes, or to the period where it is shorter."""
    grain = min(length, 60.0)
    begin = math.floor(first / grain) * grain
    count = math.ceil((last - begin) / length)
    if count > MAX_DATA_POINTS:
        raise ValidationError(f"At most {MAX_DATA_POINTS} data points can be asked for at once.")
    return [begin + number * length for number in range(count)]


def _label(query: Mapping[str, Any]) -> str:
    return str(query["MetricStat"]["Metric"]["MetricName"] if "MetricStat" in query else query["Id"])
