"""Evaluates the alarms of one Region, again and again.

A period of an alarm lasts as long as the rehearsal's clock says (`CloudSettings.tick_seconds`); periods begin where
that length divides the time, as CloudWatch's begin at whole minutes. Only periods that are over are looked at, once a
second, so that data which arrives late still counts.
"""

from __future__ import annotations

import json
import logging
import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rehearsal.cloud.cloudwatch.evaluation import ALARM, FURTHER_POINTS, OK, Point, Terms, judge, reason_data, stamp
from rehearsal.cloud.cloudwatch.expressions import ExpressionError
from rehearsal.cloud.cloudwatch.metrics import MetricKey, dimensions_of
from rehearsal.cloud.cloudwatch.queries import answers
from rehearsal.cloud.cloudwatch.statistics import sample_count

if TYPE_CHECKING:
    from rehearsal.cloud.cloudwatch.alarms import Alarm
    from rehearsal.cloud.cloudwatch.metrics import MetricStore
    from rehearsal.cloud.cloudwatch.transitions import Transitions
    from rehearsal.cloud.services import Services

log = logging.getLogger(__name__)

MINUTE = 60
FEW = 10
MAX_PASSES = 10
"""So deep may composite alarms stand on each other to be settled at once."""


class Watch:
    """Looks at all alarms when it is told to."""

    def __init__(self, services: Services, metrics: MetricStore, alarms: dict[str, Alarm], moves: Transitions) -> None:
        self._services = services
        self._metrics = metrics
        self._alarms = alarms
        self._moves = moves

    def look(self) -> None:
        """Evaluate every alarm, composite ones after the others."""
        now = time.time()
        alarms = list(self._alarms.values())
        for alarm in alarms:
            if not alarm.is_composite and alarm.held_until <= now:
                try:
                    self._evaluate(alarm, now)
                except Exception:
                    log.exception("alarm %s cannot be evaluated; the others are", alarm.name)
        composites = [alarm for alarm in alarms if alarm.is_composite and alarm.held_until <= now]
        for _ in range(MAX_PASSES):
            changed = [self._combine(alarm) for alarm in composites]
            if not any(changed):
                return

    def next_look(self, alarm: Alarm) -> float:
        """When the alarm's next period is over."""
        step = self._step(alarm)
        return (math.floor(time.time() / step) + 1) * step

    def _evaluate(self, alarm: Alarm, now: float) -> None:
        settings = alarm.settings
        periods = int(settings["EvaluationPeriods"])
        terms = Terms(
            comparison=str(settings["ComparisonOperator"]),
            threshold=float(settings["Threshold"]),
            periods=periods,
            to_alarm=int(settings.get("DatapointsToAlarm") or periods),
            missing=str(settings.get("TreatMissingData") or "missing"),
        )
        length, step = self._services.real_seconds(alarm.period), self._step(alarm)
        end = math.floor(now / step) * step
        starts = [end - length * number for number in range(periods + FURTHER_POINTS, 0, -1)]
        watched = next(query for query in alarm.queries if query.get("ReturnData", True))
        if self._is_too_little(alarm, starts[0], end):
            return
        try:
            series = answers(self._metrics, alarm.queries, starts, length)[watched["Id"]]
        except ExpressionError as error:
            self._moves.enter(alarm, "INSUFFICIENT_DATA", f"Insufficient Data: {error}", "", [])
            return
        verdict = judge([Point(start, series.get(start)) for start in starts], terms)
        if verdict is None or verdict.state == alarm.state:
            return
        data = reason_data(
            verdict,
            terms,
            statistic=str(settings.get("Statistic") or settings.get("ExtendedStatistic") or ""),
            period=alarm.period,
            unit=str(settings.get("Unit") or ""),
            queried=now,
            start=verdict.points[0].time if verdict.points else starts[0],
        )
        self._moves.enter(alarm, verdict.state, verdict.reason, data, [])

    def _is_too_little(self, alarm: Alarm, start: float, end: float) -> bool:
        """Whether a percentile is not to be judged because it stands for too few values (User Guide, same title)."""
        name = alarm.settings.get("ExtendedStatistic")
        if not name or alarm.settings.get("EvaluateLowSampleCountPercentile") != "ignore":
            return False
        share = float(name[1:]) / 100
        needed = FEW / max(1e-9, min(share, 1 - share)) if share < 1 else math.inf
        settings = alarm.settings
        key = MetricKey(settings["Namespace"], settings["MetricName"], dimensions_of(settings.get("Dimensions")))
        return sample_count(self._metrics.between(key, start, end)) < needed

    def _combine(self, alarm: Alarm) -> bool:
        """Evaluate a composite alarm; tells whether it changed."""
        states = {name: other.state for name, other in list(self._alarms.items())}
        state = ALARM if alarm.rule.holds(lambda name: states.get(name, "INSUFFICIENT_DATA")) else OK
        if state == alarm.state:
            return False
        children = [self._alarms[name] for name in alarm.rule.alarms if name in self._alarms]
        newest = max(children, key=lambda child: child.transitioned, default=None)
        if newest is None or newest.transitioned < alarm.configured:
            reason = f"{alarm.arn} was created and its alarm rule evaluates to {state}"
        else:
            day = datetime.fromtimestamp(newest.transitioned, UTC)
            reason = f"{newest.arn} transitioned to {newest.state} at {day:%A %d %B, %Y %H:%M:%S} UTC"
        triggering = [child for child in children if child.state == ALARM] or ([newest] if newest else [])
        listed = [{"arn": c.arn, "state": {"value": c.state, "timestamp": stamp(c.updated)}} for c in triggering]
        self._moves.enter(alarm, state, reason, json.dumps({"triggeringAlarms": listed}), triggering)
        return True

    def _step(self, alarm: Alarm) -> float:
        """How often an alarm is evaluated: every minute, or every period where that is shorter."""
        length = alarm.period if not alarm.is_composite else MINUTE
        return self._services.real_seconds(min(length, MINUTE))
