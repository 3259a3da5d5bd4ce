"""The Scheduler's backend: moto's schedules, which run. Source: EventBridge Scheduler User Guide and API reference."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule

from rehearsal.cloud.deliveries import Deliveries, Delivery
from rehearsal.cloud.scheduler import invoking
from rehearsal.cloud.schedules import ScheduleError, parse_schedule
from rehearsal.cloud.services import Extended, Services
from rehearsal.cloud.timetable import Timetable

if TYPE_CHECKING:
    from collections.abc import Iterator


class SchedulesBackend(Extended, EventBridgeSchedulerBackend):
    """The schedules of one account and Region. A flexible time window is not waited for: targets run when due."""

    def __init__(self, region_name: str, account_id: str, *, services: Services) -> None:
        super().__init__(region_name, account_id)
        self.services = services
        self.timetable = Timetable()
        self.deliveries = Deliveries()

    def sweep(self) -> None:
        """Invoke the targets of the schedules that are due."""
        found = list(self._all())
        for schedule in found:
            self._look(schedule)
        self.timetable.keep_only({schedule.arn for schedule in found if schedule.state == "ENABLED"})
        self.deliveries.dispatch(self.services, self.region_name, self._deliver)

    def create_schedule(self, **request: Any) -> Schedule:  # type: ignore[override] # moto passes names
        """CreateSchedule; what could never run is refused."""
        _check(request)
        return super().create_schedule(**request)

    def update_schedule(self, **request: Any) -> Schedule:  # type: ignore[override] # the same
        """UpdateSchedule; what could never run is refused. A schedule that is changed counts anew."""
        _check(request)
        changed = super().update_schedule(**request)
        changed.state = changed.state or "ENABLED"
        return changed

    def _all(self) -> Iterator[Schedule]:
        for group in list(self.schedule_groups.values()):
            yield from list(group.schedules.values())

    def _look(self, schedule: Schedule) -> None:
        now = time.time()
        if (
            schedule.state != "ENABLED"
            or _moment(schedule.start_date, now) > now
            or _moment(schedule.end_date, now) < now
        ):
            return
        try:
            due = self.timetable.take_due(
                schedule.arn,
                schedule.schedule_expression,
                self.services.real_seconds,
                schedule.schedule_expression_timezone or "UTC",
            )
        except ScheduleError:
            return  # it was refused when it was made; one of an older state file may be there all the same
        if due is None:
            return
        target = dict(schedule.target)
        body = target.get("Input") or _default_input(schedule, due)
        self.deliveries.add(Delivery(schedule.arn, target, body, scheduled=due))
        if self.timetable.is_over(schedule.arn) and schedule.action_after_completion == "DELETE":
            self.schedule_groups[schedule.group_name].delete_schedule(schedule.name)
        self.services.changed()

    def _deliver(self, delivery: Delivery) -> None:
        invoking.invoke(self.services, self.region_name, delivery)


def _check(request: dict[str, Any]) -> None:
    try:
        parse_schedule(str(request["schedule_expression"]))
    except ScheduleError as error:
        raise ValidationException(f"Invalid Schedule Expression {request['schedule_expression']}. {error}") from error
    zone = request.get("schedule_expression_timezone") or "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValidationException(f"Invalid ScheduleExpressionTimezone {zone}.") from error
    target = request["target"]
    if problem := invoking.check_target(str(target.get("Arn", ""))):
        raise ValidationException(problem)
    if target["Arn"].startswith(invoking.UNIVERSAL) and target.get("Input"):
        try:
            json.loads(target["Input"])
        except ValueError as error:
            raise ValidationException(f"Input of a universal target must be JSON: {error}") from error


def _default_input(schedule: Schedule, due: float) -> str:
    """What a templated target without an input gets: an event of the schedule."""
    if schedule.target["Arn"].startswith(invoking.UNIVERSAL):
        return "{}"
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(due))
    event = {
        "version": "0",
        "id": "<aws.scheduler.execution-id>",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": schedule.arn.split(":")[4],
        "time": stamp,
        "region": schedule.arn.split(":")[3],
        "resources": [schedule.arn],
        "detail": "{}",
    }
    return json.dumps(event)


def _moment(given: Any, default: float) -> float:
    try:
        return float(given) if given else default
    except (TypeError, ValueError):
        return default
