"""AWS's schedule expressions."""

from __future__ import annotations

import datetime as dt

import pytest

from rehearsal.cloud.schedules import ScheduleError, parse_schedule

MONDAY = dt.datetime(2026, 11, 23, 7, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(30 minutes)", "2026-11-23T08:00:00"),
        ("rate(1 hour)", "2026-11-23T08:30:00"),
        ("rate(7 days)", "2026-11-30T07:30:00"),
        ("cron(0 2 ? * SUN *)", "2026-11-29T02:00:00"),
        ("cron(0/15 7 ? * MON-FRI *)", "2026-11-23T07:45:00"),
        ("cron(30 7 * * ? *)", "2026-11-24T07:30:00"),
        ("cron(0 0 L * ? *)", "2026-11-30T00:00:00"),
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00:00"),
        ("cron(0 12 ? * TUE#2 *)", "2026-12-08T12:00:00"),
        ("cron(0 12 ? * FRIL *)", "2026-11-27T12:00:00"),
        ("cron(0 12 ? * 1,7 2027)", "2027-01-02T12:00:00"),
        ("at(2026-12-24T18:00:00)", "2026-12-24T18:00:00"),
    ],
)
def test_the_next_time(expression: str, expected: str) -> None:
    assert parse_schedule(expression).after(MONDAY) == dt.datetime.fromisoformat(expected).replace(tzinfo=dt.UTC)


def test_times_that_never_come() -> None:
    assert parse_schedule("at(2020-01-01T00:00:00)").after(MONDAY) is None
    assert parse_schedule("cron(0 0 31 2 ? *)").after(MONDAY) is None


@pytest.mark.parametrize(
    "expression",
    [
        "sometimes",
        "rate(0 minutes)",
        "rate(1 hours)",
        "rate(2 hour)",
        "rate(1.5 hours)",
        "cron(0 2 * * *)",
        "cron(0 2 * * SUN *)",
        "cron(0 2 ? * ? *)",
        "cron(60 2 ? * SUN *)",
        "cron(0 2 ? * SOMEDAY *)",
        "cron(0 2 15W * ? *)",
        "cron(0 9-5 ? * SUN *)",
        "at(2026-13-24T18:00:00)",
        "cron(" + "9" * 5000 + " 2 ? * SUN *)",
    ],
)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        parse_schedule(expression)
