"""Schedule expressions of AWS: `rate(30 minutes)`, `cron(0 2 ? * SUN *)`, `at(2026-12-24T18:00:00)`; all in UTC.

Source: Systems Manager User Guide, "Cron and rate expressions". No public library reads AWS's dialect of cron (six
fields, `?`, `L`, `#`). The `W` wildcard (nearest weekday) is refused by name.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_RATE = re.compile(r"rate\((\d{1,6}) (minute|minutes|hour|hours|day|days)\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)\)")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
_LAST = "L"
HORIZON = timedelta(days=366 * 5)


class ScheduleError(ValueError):
    """The expression is no schedule; the message says why."""


@dataclass(frozen=True)
class Rate:
    """Every so often, counted from the last time."""

    period: timedelta

    def after(self, moment: datetime) -> datetime | None:
        """Return the next time."""
        return moment + self.period


@dataclass(frozen=True)
class Once:
    """One time only."""

    when: datetime

    def after(self, moment: datetime) -> datetime | None:
        """Return the time, or None once it has passed."""
        return self.when if self.when > moment else None


@dataclass(frozen=True)
class Cron:
    """Whenever all fields match; the day fields as AWS reads them, one of the two being `?`."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days_of_month: str
    months: frozenset[int]
    days_of_week: str
    years: frozenset[int]

    def after(self, moment: datetime) -> datetime | None:
        """Return the next time after `moment`, None when there is none within five years."""
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        while day - moment < HORIZON:
            if day.year in self.years and day.month in self.months and self._is_on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        candidate = day.replace(hour=hour, minute=minute)
                        if candidate > moment:
                            return candidate
            day += timedelta(days=1)
        return None

    def _is_on(self, day: datetime) -> bool:
        if self.days_of_month == "?":
            return _is_weekday(self.days_of_week, day)
        last = calendar.monthrange(day.year, day.month)[1]
        return day.day == last if self.days_of_month == _LAST else day.day in _numbers(self.days_of_month, 1, 31)


Schedule = Rate | Once | Cron


def parse_schedule(expression: str) -> Schedule:
    """Read a schedule expression. Raises ScheduleError."""
    text = expression.strip()
    if found := _RATE.fullmatch(text):
        return _rate(int(found[1]), found[2])
    if found := _AT.fullmatch(text):
        try:
            return Once(datetime.fromisoformat(found[1]).replace(tzinfo=UTC))
        except ValueError as error:
            raise ScheduleError(f"{found[1]} is no time.") from error
    if found := _CRON.fullmatch(text):
        return _cron(found[1].split())
    raise ScheduleError("A schedule is rate(<number> <unit>), cron(<six fields>) or at(<yyyy-mm-ddThh:mm:ss>).")


def _rate(number: int, unit: str) -> Rate:
    if number < 1 or (number == 1) == unit.endswith("s"):
        raise ScheduleError("A rate is a positive number with its unit: rate(1 hour), rate(2 hours).")
    return Rate(number * _UNITS[unit.removesuffix("s")])


def _cron(fields: list[str]) -> Cron:
    if len(fields) != 6:  # noqa: PLR2004 - minutes hours day-of-month month day-of-week year
        raise ScheduleError(
            f"cron takes six fields (minutes hours day-of-month month day-of-week year), not {len(fields)}."
        )
    minutes, hours, day_of_month, month, day_of_week, year = (field.upper() for field in fields)
    if (day_of_month == "?") == (day_of_week == "?"):
        raise ScheduleError("Exactly one of day-of-month and day-of-week must be '?'.")
    if "W" in day_of_month:
        raise ScheduleError("The W wildcard (nearest weekday) is not part of this rehearsal.")
    if day_of_month not in {"?", _LAST}:
        _numbers(day_of_month, 1, 31)
    if day_of_week != "?":
        _check_weekday(day_of_week)
    return Cron(
        minutes=_numbers(minutes, 0, 59),
        hours=_numbers(hours, 0, 23),
        days_of_month=day_of_month,
        months=_numbers(month, 1, 12, _MONTHS),
        days_of_week=day_of_week,
        years=_numbers(year, 1970, 2199),
    )


def _numbers(field: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    """The values of `*`, `1,5`, `2-6`, `0/15`, `MON-FRI`."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        start, _, end = span.partition("-")
        first = low if start == "*" else _number(start, names)
        last = high if start == "*" or (step and not end) else _number(end or start, names)
        if not low <= first <= high or not low <= last <= high or first > last:
            raise ScheduleError(f"{part} is not within {low}-{high}.")
        found.update(range(first, last + 1, max(1, _number(step or "1", None))))
    return frozenset(found)


def _number(text: str, names: dict[str, int] | None) -> int:
    if names and text in names:
        return names[text]
    if not text.isdecimal() or len(text) > 4:  # noqa: PLR2004 - a year has four digits
        raise ScheduleError(f"{text or '(nothing)'} is not a value of a cron field.")
    return int(text)


def _check_weekday(field: str) -> None:
    day, mark, nth = field.partition("#")
    if mark:
        _numbers(day, 1, 7, _DAYS)
        _numbers(nth, 1, 5)
    else:
        _numbers(field.removesuffix(_LAST) or "SAT", 1, 7, _DAYS)


def _is_weekday(field: str, day: datetime) -> bool:
    weekday = day.isoweekday() % 7 + 1  # AWS counts from Sunday = 1
    wanted, mark, nth = field.partition("#")
    if mark:
        return weekday in _numbers(wanted, 1, 7, _DAYS) and (day.day - 1) // 7 + 1 == int(nth)
    if field.endswith(_LAST):
        in_last_week = day.day + 7 > calendar.monthrange(day.year, day.month)[1]
        return weekday in _numbers(field.removesuffix(_LAST) or "SAT", 1, 7, _DAYS) and (in_last_week or field == _LAST)
    return weekday in _numbers(field, 1, 7, _DAYS)
