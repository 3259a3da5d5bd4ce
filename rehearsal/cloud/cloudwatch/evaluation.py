"""What state an alarm's data stands for, and how CloudWatch words it.

Source: CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data" (the tables there are test cases
here). How many more data points than the evaluation periods are looked at is not documented; the guide's example has
two more, and so has this.
"""

from __future__ import annotations

import json
import operator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ALARM, OK, INSUFFICIENT = "ALARM", "OK", "INSUFFICIENT_DATA"
FURTHER_POINTS = 2
COMPARISONS = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class Point:
    """The value of one period, None where there is no data. `time` is the period's start in epoch seconds."""

    time: float
    value: float | None


@dataclass(frozen=True)
class Terms:
    """When an alarm goes off."""

    comparison: str
    threshold: float
    periods: int
    to_alarm: int
    missing: str

    def breaches(self, value: float) -> bool:
        """Whether a value is beyond the threshold."""
        return bool(COMPARISONS[self.comparison][0](value, self.threshold))


@dataclass(frozen=True)
class Verdict:
    """A state, why, and the data that led to it."""

    state: str
    reason: str
    points: tuple[Point, ...]


def judge(points: Sequence[Point], terms: Terms) -> Verdict | None:
    """Decide on the evaluation range, oldest first; None where the current state is maintained."""
    real = [point for point in points if point.value is not None]
    recent = real[-terms.periods :]
    breaching = [point for point in recent if point.value is not None and terms.breaches(point.value)]
    filled = terms.periods - len(recent)
    state: str | None
    if not filled:
        state = ALARM if len(breaching) >= terms.to_alarm else OK
    elif terms.missing == "breaching":
        state = ALARM if len(breaching) + filled >= terms.to_alarm else OK
    elif terms.missing == "notBreaching":
        state = ALARM if len(breaching) >= terms.to_alarm else OK
    else:
        state = _judge_as_it_is(points, recent, breaching, terms)
    if state is None:
        return None
    return Verdict(state, _reason(state, recent, len(breaching), filled, terms), tuple(recent))


def _judge_as_it_is(
    points: Sequence[Point], recent: Sequence[Point], breaching: Sequence[Point], terms: Terms
) -> str | None:
    """Missing data is `missing` or `ignore`: it speaks neither way."""
    if not recent:
        return INSUFFICIENT if terms.missing == "missing" else None
    if len(breaching) >= terms.to_alarm:
        return ALARM
    if len(breaching) < len(recent):
        return OK
    # Nothing but breaching data, and too little of it: an alarm only once it is old enough to be no false start.
    age = len(points) - list(points).index(breaching[0])
    return ALARM if terms.missing == "missing" and age >= terms.to_alarm else None


def _reason(state: str, recent: Sequence[Point], breaching: int, filled: int, terms: Terms) -> str:
    if state == INSUFFICIENT:
        return f"Insufficient Data: {_counted(terms.periods, 'datapoint')} {_was(terms.periods)} unknown."
    fills = ""
    if filled and terms.missing in {"breaching", "notBreaching"}:
        kind = "Breaching" if terms.missing == "breaching" else "NonBreaching"
        fills = f"{_counted(filled, 'missing datapoint')} {_was(filled)} treated as [{kind}]"
    if not recent:
        return f"Threshold Crossed: no datapoints were received for {_counted(terms.periods, 'period')} and {fills}."
    shown = breaching if state == ALARM else len(recent) - breaching
    words = COMPARISONS[terms.comparison][1]
    listed = ", ".join(f"{point.value} ({_short(point.time)})" for point in reversed(recent[-5:]))
    verb = _was(len(recent)) if state == ALARM else f"{_was(len(recent))} not"
    needed = terms.to_alarm if state == ALARM else terms.periods - terms.to_alarm + 1
    before = OK if state == ALARM else ALARM
    text = (
        f"Threshold Crossed: {shown or len(recent)} out of the last {_counted(terms.periods, 'datapoint')} [{listed}] "
        f"{verb} {words} the threshold ({terms.threshold}) "
        f"(minimum {_counted(needed, 'datapoint')} for {before} -> {state} transition)."
    )
    return f"{text[:-1]} and {fills}." if fills else text


def reason_data(
    verdict: Verdict, terms: Terms, *, statistic: str, period: int, unit: str, queried: float, start: float
) -> str:
    """StateReasonData: what was looked at, as JSON."""
    data = {
        "version": "1.0",
        "queryDate": stamp(queried),
        "startDate": stamp(start),
        "unit": unit,
        "statistic": statistic,
        "period": period,
        "recentDatapoints": [point.value for point in verdict.points],
        "threshold": terms.threshold,
        "evaluatedDatapoints": [
            {"timestamp": stamp(point.time), "value": point.value} for point in reversed(verdict.points)
        ],
    }
    return json.dumps({key: value for key, value in data.items() if value != ""})


def stamp(moment: float) -> str:
    """`2019-10-02T17:04:40.985+0000`, as CloudWatch writes times."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def _short(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%d/%m/%y %H:%M:%S}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
