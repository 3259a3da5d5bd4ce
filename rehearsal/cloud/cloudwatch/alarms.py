"""Alarms as they are kept and shown, metric alarms and composite ones alike.

Source: API reference of PutMetricAlarm, PutCompositeAlarm, DescribeAlarms and DescribeAlarmHistory.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rehearsal.cloud.cloudwatch.evaluation import ALARM, INSUFFICIENT, OK
from rehearsal.cloud.cloudwatch.rule import Rule, parse_rule

CREATED = "Unchecked: Initial alarm creation"
KEPT_HISTORY = 14 * 86_400
MAX_HISTORY = 500
ACTIONS = {ALARM: "AlarmActions", OK: "OKActions", INSUFFICIENT: "InsufficientDataActions"}


@dataclass(frozen=True)
class HistoryItem:
    """One entry of an alarm's history. `data` is JSON."""

    time: float
    kind: str
    summary: str
    data: str


@dataclass
class Alarm:
    """An alarm. `settings` is its request in botocore's names; times are in epoch seconds."""

    name: str
    arn: str
    settings: dict[str, Any]
    is_composite: bool
    state: str = INSUFFICIENT
    reason: str = CREATED
    reason_data: str = ""
    configured: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    transitioned: float = field(default_factory=time.time)
    held_until: float = 0.0
    """Until then a state that SetAlarmState gave is left alone."""
    history: list[HistoryItem] = field(default_factory=list)

    @property
    def alarm_arn(self) -> str:
        """As moto's own alarms name it: its tagging looks there."""
        return self.arn

    @property
    def alarm_actions(self) -> list[str]:
        """What happens on ALARM."""
        return list(self.settings.get("AlarmActions") or [])

    @property
    def are_actions_enabled(self) -> bool:
        """Whether a change of state does anything."""
        return bool(self.settings.get("ActionsEnabled", True))

    @property
    def rule(self) -> Rule:
        """A composite alarm's rule."""
        return parse_rule(str(self.settings["AlarmRule"]))

    @property
    def period(self) -> int:
        """The length of a metric alarm's periods in seconds, before the rehearsal's clock is taken into account."""
        if self.settings.get("Period"):
            return int(self.settings["Period"])
        periods = [each.get("Period") or each.get("MetricStat", {}).get("Period") for each in self.queries]
        return int(next((each for each in periods if each), 60))

    @property
    def queries(self) -> list[dict[str, Any]]:
        """What a metric alarm watches, as MetricDataQueries; one of a single metric is written as such a query."""
        if self.settings.get("Metrics"):
            return list(self.settings["Metrics"])
        settings = self.settings
        metric = {
            "Namespace": settings["Namespace"],
            "MetricName": settings["MetricName"],
            "Dimensions": settings.get("Dimensions") or [],
        }
        stat = {
            "Metric": metric,
            "Period": settings["Period"],
            "Stat": settings.get("Statistic") or settings["ExtendedStatistic"],
        }
        if settings.get("Unit"):
            stat["Unit"] = settings["Unit"]
        return [{"Id": "m1", "MetricStat": stat, "ReturnData": True}]

    def actions_for(self, state: str) -> list[str]:
        """Return the ARNs that are told of a state."""
        return list(self.settings.get(ACTIONS[state]) or [])

    def note(self, kind: str, summary: str, data: str) -> None:
        """Add to the history, which goes back two weeks."""
        now = time.time()
        self.history.append(HistoryItem(now, kind, summary, data))
        self.history = [each for each in self.history if now - each.time < KEPT_HISTORY][-MAX_HISTORY:]

    def shape(self) -> dict[str, Any]:
        """The MetricAlarm or CompositeAlarm shape of DescribeAlarms."""
        settings = {key: value for key, value in self.settings.items() if key not in {"AlarmName", "Tags"}}
        shape: dict[str, Any] = {
            "AlarmName": self.name,
            "AlarmArn": self.arn,
            "ActionsEnabled": self.are_actions_enabled,
            "AlarmConfigurationUpdatedTimestamp": moment(self.configured),
            "StateValue": self.state,
            "StateReason": self.reason,
            "StateUpdatedTimestamp": moment(self.updated),
            "StateTransitionedTimestamp": moment(self.transitioned),
            **{name: [] for name in ACTIONS.values()},
            **settings,
        }
        if self.reason_data:
            shape["StateReasonData"] = self.reason_data
        if not self.is_composite and not settings.get("Metrics"):
            shape.setdefault("Dimensions", [])
        return shape

    def history_shape(self, item: HistoryItem) -> dict[str, Any]:
        """The AlarmHistoryItem shape."""
        return {
            "AlarmName": self.name,
            "AlarmType": "CompositeAlarm" if self.is_composite else "MetricAlarm",
            "Timestamp": moment(item.time),
            "HistoryItemType": item.kind,
            "HistorySummary": item.summary,
            "HistoryData": item.data,
        }


def moment(time_: float) -> datetime:
    """Return epoch seconds as the API's serializer takes times."""
    return datetime.fromtimestamp(time_, UTC)
