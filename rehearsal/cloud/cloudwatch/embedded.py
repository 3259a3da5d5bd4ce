"""Metrics in log lines: the embedded metric format (EMF).

Source: CloudWatch User Guide, "Specification: Embedded metric format". A line that breaks the specification yields no
metrics, as in AWS, where it stays a line of the log.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = '"_aws"'
MAX_DIMENSIONS = 30
MAX_METRICS = 100
MAX_VALUES = 100


def read_embedded(line: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield (namespace, `MetricData` of PutMetricData) for each directive: one datum a metric and dimension set."""
    if MARK not in line:
        return
    try:
        root = json.loads(line)
    except (ValueError, RecursionError):
        return
    head = root.get("_aws") if isinstance(root, dict) else None
    if not isinstance(head, dict) or not isinstance(head.get("CloudWatchMetrics"), list):
        return
    try:
        moment = datetime.fromtimestamp(head["Timestamp"] / 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return
    for directive in head["CloudWatchMetrics"]:
        if isinstance(directive, dict) and directive.get("Namespace") and isinstance(directive.get("Metrics"), list):
            data = [*_data(directive, root, moment)]
            if data:
                yield str(directive["Namespace"]), data


def _data(directive: dict[str, Any], root: dict[str, Any], moment: datetime) -> Iterator[dict[str, Any]]:
    for dimensions in _dimension_sets(directive.get("Dimensions"), root):
        for metric in directive["Metrics"][:MAX_METRICS]:
            values = _values(root.get(str(metric.get("Name")))) if isinstance(metric, dict) else None
            if values:
                yield {
                    "MetricName": metric["Name"],
                    "Dimensions": dimensions,
                    "Timestamp": moment,
                    "Unit": metric.get("Unit") or "None",
                    "Values": values,
                    "StorageResolution": metric.get("StorageResolution") or 60,
                }


def _dimension_sets(sets: Any, root: dict[str, Any]) -> Iterator[list[dict[str, str]]]:
    """The dimension sets whose every member is a text at the root; without any, one empty set."""
    for names in sets if isinstance(sets, list) and sets else [[]]:
        if not isinstance(names, list) or len(names) > MAX_DIMENSIONS:
            continue
        if all(isinstance(name, str) and _is_text(root.get(name)) for name in names):
            yield [{"Name": name, "Value": str(root[name])} for name in names]


def _values(found: Any) -> list[float] | None:
    """A number, or up to a hundred of them."""
    values = found if isinstance(found, list) else [found]
    if not values or len(values) > MAX_VALUES:
        return None
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return None
    try:
        numbers = [float(value) for value in values]
    except OverflowError:
        return None
    return numbers if all(math.isfinite(number) for number in numbers) else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
