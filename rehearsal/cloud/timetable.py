"""When schedules are due next. Rates follow the rehearsal's clock; cron and one-time schedules the real one.

Sources: EventBridge Scheduler User Guide, "Schedule types"; EventBridge User Guide, "Cron expressions". A rate counts
from when the schedule was made or changed. Times that passed while nothing ran are not made up for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehearsal.cloud.schedules import Rate, parse_schedule

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class _Entry:
    """`due` is None where a schedule has no next time."""

    expression: str
    due: float | None


class Timetable:
    """Next times by what is scheduled. Pickled with the backend that holds it."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def keep_only(self, keys: set[str]) -> None:
        """Forget what is no longer scheduled."""
        for key in self._entries.keys() - keys:
            del self._entries[key]

    def take_due(
        self, key: str, expression: str, real_seconds: Callable[[float], float], zone: str = "UTC"
    ) -> float | None:
        """Return the time that a schedule is due for, once; None while it is not. Raises ScheduleError."""
        now = time.time()
        written = f"{expression} {zone}"
        entry = self._entries.get(key)
        if entry is None or entry.expression != written:
            self._entries[key] = _Entry(written, _after(expression, now, real_seconds, zone))
            return None
        if entry.due is None or entry.due > now:
            return None
        due = entry.due
        following = _after(expression, due, real_seconds, zone)
        entry.due = following if following is None or following > now else _after(expression, now, real_seconds, zone)
        return due

    def is_over(self, key: str) -> bool:
        """Whether a schedule has no further time."""
        entry = self._entries.get(key)
        return entry is not None and entry.due is None


def _after(expression: str, moment: float, real_seconds: Callable[[float], float], zone: str) -> float | None:
    schedule = parse_schedule(expression)
    if isinstance(schedule, Rate):
        return moment + real_seconds(schedule.period.total_seconds())
    place = ZoneInfo(zone)
    # Expressions say what a clock on the wall of that zone shows; the parser knows UTC alone.
    shown = datetime.fromtimestamp(moment, place).replace(tzinfo=UTC)
    following = schedule.after(shown)
    return None if following is None else following.replace(tzinfo=place).timestamp()
