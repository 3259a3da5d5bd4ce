"""The EventBridge backend: moto's buses, rules and patterns; delivery is ours.

Sources: EventBridge User Guide, "Events from AWS services", "Creating a rule that runs on a schedule". Archives,
replays and API destinations are no targets here, and are refused by name.
"""

from __future__ import annotations

import json
import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule

from rehearsal.cloud.deliveries import Deliveries, Delivery
from rehearsal.cloud.events import targets
from rehearsal.cloud.events.inputs import InputError, input_of
from rehearsal.cloud.schedules import ScheduleError, parse_schedule
from rehearsal.cloud.services import Extended, Services
from rehearsal.cloud.timetable import Timetable

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ENTRIES = 10

log = logging.getLogger(__name__)


class EventBusBackend(Extended, EventsBackend):
    """The buses of one account and Region."""

    def __init__(self, region_name: str, account_id: str, *, services: Services) -> None:
        super().__init__(region_name, account_id)
        self.services = services
        self.timetable = Timetable()
        self.deliveries = Deliveries()

    def sweep(self) -> None:
        """Run the scheduled rules that are due, and deliver what waits."""
        rules = [rule for rule in list(self.event_buses["default"].rules.values()) if rule.scheduled_expression]
        for rule in rules:
            if rule.state != "DISABLED":
                self._look(rule)
        self.timetable.keep_only({rule.arn for rule in rules if rule.state != "DISABLED"})
        self._dispatch()

    def accept(self, event: Mapping[str, Any], bus: str = "default") -> None:
        """Take an event and send it to the targets of the rules that it matches."""
        whole = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "account": self.account_id,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self.region_name,
            "resources": [],
            **event,
        }
        found = self.event_buses.get(bus)
        for rule in list(found.rules.values()) if found else []:
            if rule.state != "DISABLED" and _matches(rule, whole):
                self._send(rule, whole)
        self._dispatch()

    def put_rule(self, name: str, **request: Any) -> Rule:  # type: ignore[override] # moto passes names
        """PutRule; an expression that is none is refused."""
        if expression := request.get("scheduled_expression"):
            try:
                parse_schedule(expression)
            except ScheduleError as error:
                raise ValidationException(f"Parameter ScheduleExpression is not valid. {error}") from error
            if expression.startswith("at("):
                raise ValidationException("Parameter ScheduleExpression is not valid.")
        return super().put_rule(name, **request)

    def put_targets(self, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]) -> None:
        """PutTargets; a target that nothing here would be delivered to is refused."""
        for target in targets:
            if problem := _problem(target):
                raise ValidationException(problem)
        super().put_targets(name, event_bus_arn, targets)

    def put_events(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """PutEvents: each entry is accepted or refused by itself."""
        if len(events) > MAX_ENTRIES:
            raise ValidationException(
                "1 validation error detected: Value '[PutEventsRequestEntry]' at 'entries' failed to satisfy "
                f"constraint: Member must have length less than or equal to {MAX_ENTRIES}"
            )
        return [self._put_event(entry) for entry in events]

    def _put_event(self, entry: dict[str, Any]) -> dict[str, Any]:
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                text = f"Parameter {name} is not valid. Reason: {name} is a required argument."
                return {"ErrorCode": "InvalidArgument", "ErrorMessage": text}
        if str(entry["Source"]).startswith("aws."):
            text = "Not authorized for the source: only AWS services put events of aws.*."
            return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": text}
        try:
            detail = json.loads(entry["Detail"])
        except ValueError:
            detail = None
        if not isinstance(detail, dict):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        bus = self._normalize_event_bus_arn(entry.get("EventBusName"))
        self.describe_event_bus(bus)
        event: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "resources": list(entry.get("Resources") or []),
            "detail": detail,
        }
        if entry.get("Time"):
            moment = datetime.fromtimestamp(float(entry["Time"]), UTC)
            event["time"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.accept(event, bus)
        return {"EventId": event["id"]}

    def _look(self, rule: Rule) -> None:
        try:
            due = self.timetable.take_due(rule.arn, str(rule.scheduled_expression), self.services.real_seconds)
        except ScheduleError:
            return  # refused when it was made; one of an older state file may be there all the same
        if due is not None:
            event = {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "account": self.account_id,
                "time": datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": self.region_name,
                "resources": [rule.arn],
                "detail": {},
            }
            self._send(rule, event)
            self.services.changed()

    def _send(self, rule: Rule, event: dict[str, Any]) -> None:
        for target in list(rule.targets):
            try:
                body = input_of(target, event, rule.arn)
            except InputError as error:
                log.warning("rule %s, target %s: %s", rule.name, target["Id"], error)
                continue
            self.deliveries.add(Delivery(rule.arn, dict(target), body))

    def _dispatch(self) -> None:
        self.deliveries.dispatch(self.services, self.region_name, self._deliver)

    def _deliver(self, delivery: Delivery) -> None:
        targets.deliver(self.services, self.region_name, delivery)


def _matches(rule: Rule, event: dict[str, Any]) -> bool:
    pattern: Any = rule.event_pattern
    try:
        return bool(pattern.dump() and pattern.matches_event(event))
    except Exception:  # moto looks at a filter only when it meets a value for it; whoever told of this must go on
        log.exception("the pattern of rule %s cannot be used: it matches nothing", rule.name)
        return False


def _problem(target: dict[str, Any]) -> str:
    if problem := targets.check_target(str(target["Arn"])):
        return problem
    given = [name for name in ("Input", "InputPath", "InputTransformer") if name in target]
    if len(given) > 1:
        return f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
    try:
        input_of({**target, "Input": target["Input"]} if "Input" in target else target, {}, "arn:aws:events:::rule/x")
    except (InputError, KeyError) as error:
        return f"Target {target['Id']}: {error}"
    return ""
