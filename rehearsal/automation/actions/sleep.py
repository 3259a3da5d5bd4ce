"""`aws:sleep`: wait for a time, or until a moment (reference §3.21)."""

from __future__ import annotations

import datetime as dt
import re

from rehearsal.automation.action import TEXT, Action, Input, StepContext, StepResult
from rehearsal.automation.errors import InvalidInputError
from rehearsal.automation.statuses import Impact

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def duration_seconds(text: str) -> float:
    """Return the seconds of an ISO 8601 duration of days, hours, minutes and seconds. Raises `InvalidInputError`."""
    match = _DURATION.fullmatch(text)
    if not match or not any(match.groupdict().values()):
        raise InvalidInputError(f"Duration {text!r} is not an ISO 8601 duration such as PT10M")
    parts = {unit: float(amount) for unit, amount in match.groupdict().items() if amount}
    return dt.timedelta(**parts).total_seconds()


def moment_seconds(text: str) -> float:
    """Return how far away an ISO 8601 moment is; in UTC where it names no zone. Raises `InvalidInputError`."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(f"Timestamp {text!r} is not an ISO 8601 moment such as 2030-01-01T01:00:00Z") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return (moment - dt.datetime.now(dt.UTC)).total_seconds()


def run(context: StepContext) -> StepResult:
    """Wait; a moment in the past is over at once."""
    duration, moment = context.inputs.get("Duration"), context.inputs.get("Timestamp")
    if bool(duration) == bool(moment):
        raise InvalidInputError("aws:sleep takes either Duration or Timestamp")
    seconds = duration_seconds(str(duration)) if duration else moment_seconds(str(moment))
    longest = context.settings.limits.sleep_seconds
    if seconds > longest:
        raise InvalidInputError(f"aws:sleep waits at most {longest} seconds, not {seconds:.0f}")
    if seconds > 0:
        with context.blocked(False):
            context.wait(seconds, "sleeping")
    return StepResult()


ACTION = Action(
    name="aws:sleep",
    run=run,
    impact=Impact.NON_MUTATING,
    inputs={"Duration": Input(TEXT), "Timestamp": Input(TEXT)},
    default_timeout=604_800,
)
