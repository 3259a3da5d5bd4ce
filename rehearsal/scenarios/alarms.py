"""The states of CloudWatch's alarms, metric and composite ones, and how they changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

TYPES = ["MetricAlarm", "CompositeAlarm"]


@dataclass(frozen=True)
class Transition:
    """An alarm has changed its state, at a moment in epoch seconds."""

    alarm: str
    moment: float
    former: str
    state: str

    @property
    def is_news(self) -> bool:
        """Whether it tells of trouble or of its end; that there is data, or none for a while, is neither."""
        return "ALARM" in (self.former, self.state)

    def as_text(self) -> str:
        return f"{self.alarm}: {self.former} → {self.state}"


class Alarms:
    def __init__(self, cloudwatch: Any) -> None:
        self._cloudwatch = cloudwatch

    def states(self) -> dict[str, str]:
        """The state of each alarm of the account by its name."""
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=TYPES)
        return {
            alarm["AlarmName"]: alarm["StateValue"]
            for page in pages
            for kind in ("MetricAlarms", "CompositeAlarms")
            for alarm in page.get(kind, [])
        }

    def transitions(self, since: float) -> list[Transition]:
        """All changes since a moment, the oldest first: `StateUpdate` items of the alarms' history."""
        pages = self._cloudwatch.get_paginator("describe_alarm_history").paginate(
            AlarmTypes=TYPES, HistoryItemType="StateUpdate", StartDate=datetime.fromtimestamp(since, UTC)
        )
        items = [item for page in pages for item in page["AlarmHistoryItems"]]
        changes = [_transition(item) for item in items]
        # The wire rounds the start down to a second.
        news = [each for each in changes if each.former != each.state and each.moment >= since]
        return sorted(news, key=lambda each: each.moment)


def _transition(item: dict[str, Any]) -> Transition:
    data = json.loads(item["HistoryData"])
    return Transition(
        item["AlarmName"],
        item["Timestamp"].timestamp(),
        data["oldState"]["stateValue"],
        data["newState"]["stateValue"],
    )
