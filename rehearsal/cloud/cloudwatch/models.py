"""The CloudWatch backend: metrics in a store of their own, evaluated alarms. Dashboards and tags are moto's."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.exceptions import InvalidFormat, ResourceNotFound, ValidationError
from moto.cloudwatch.models import CloudWatchBackend

from rehearsal.cloud.cloudwatch.alarms import Alarm
from rehearsal.cloud.cloudwatch.checks import check_composite_alarm, check_metric_alarm
from rehearsal.cloud.cloudwatch.metrics import MetricStore
from rehearsal.cloud.cloudwatch.transitions import Transitions
from rehearsal.cloud.cloudwatch.watching import Watch
from rehearsal.cloud.services import Extended, Services

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ALARMS = 5_000
STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")


class AlarmsBackend(Extended, CloudWatchBackend):
    """The metrics and alarms of one account and Region."""

    def __init__(self, region_name: str, account_id: str, *, services: Services) -> None:
        super().__init__(region_name, account_id)
        self.services = services
        self.lock = threading.RLock()
        self.alarms: dict[str, Alarm] = {}  # type: ignore[assignment] # ours instead of moto's
        self.metrics = MetricStore()

    def sweep(self) -> None:
        """Evaluate the alarms."""
        if self.alarms:
            with self.lock:
                self._watch().look()

    def put_metric_data(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        """PutMetricData."""
        for number, datum in enumerate(metric_data, start=1):
            self._validate_parameters_put_metric_data(datum, number)
        with self.lock:  # of alarms that read: a sample is put at its place in the order of time
            for datum in metric_data:
                self.metrics.put(namespace, datum)

    def put_alarm(self, request: dict[str, Any]) -> Alarm:
        """PutMetricAlarm. An alarm that exists keeps its state and history."""
        check_metric_alarm(request)
        return self._put(request, is_composite=False)

    def put_composite_alarm(self, request: dict[str, Any]) -> Alarm:
        """PutCompositeAlarm."""
        with self.lock:
            check_composite_alarm(request, self.alarms)
            return self._put(request, is_composite=True)

    def put_metric_alarm(self, *_: Any, **__: Any) -> Any:
        """Refuse moto's other services, which would make alarms that nothing here evaluates."""
        raise NotImplementedError("alarms that other services make are not part of this endpoint")

    def delete_alarms(self, alarm_names: list[str]) -> None:
        """DeleteAlarms. Those that do not exist are passed over; one that a composite alarm needs is kept."""
        with self.lock:
            gone = {name for name in alarm_names if name in self.alarms}
            for alarm in self.alarms.values():
                if alarm.is_composite and alarm.name not in gone and (needed := gone & set(alarm.rule.alarms)):
                    text = (
                        f"Alarms {sorted(needed)} cannot be deleted: the composite alarm {alarm.name} depends on them."
                    )
                    raise ValidationError(text)
            for name in gone:
                self.tagger.delete_all_tags_for_resource(self.alarms.pop(name).arn)

    def set_alarm_state(self, alarm_name: str, reason: str, reason_data: str | None, state_value: str) -> None:
        """SetAlarmState: lasts until the alarm is compared again, at the end of its period."""
        with self.lock:
            alarm = self.alarms.get(alarm_name)
            if alarm is None:
                raise ResourceNotFound(f"The alarm {alarm_name} does not exist.")
            if state_value not in STATES:
                raise ValidationError(f"StateValue must be one of {', '.join(STATES)}, not {state_value!r}.")
            try:
                json.loads(reason_data or "{}")
            except ValueError:
                raise InvalidFormat("StateReasonData is no JSON.") from None
            watch = self._watch()
            alarm.held_until = watch.next_look(alarm)
            self._moves().enter(alarm, state_value, reason, reason_data or "", [])

    def enable_alarm_actions(self, alarm_names: list[str]) -> None:
        """EnableAlarmActions."""
        self._switch(alarm_names, enabled=True)

    def disable_alarm_actions(self, alarm_names: list[str]) -> None:
        """DisableAlarmActions."""
        self._switch(alarm_names, enabled=False)

    def describe_alarms(self) -> Iterable[Alarm]:  # type: ignore[override] # ours instead of moto's
        """All alarms, by their names; none is in the middle of a change of state, whose actions are part of it."""
        with self.lock:
            return [self.alarms[name] for name in sorted(self.alarms)]

    def _put(self, request: dict[str, Any], *, is_composite: bool) -> Alarm:
        name = str(request["AlarmName"])
        settings = {key: value for key, value in request.items() if key not in {"AlarmName", "Tags"}}
        with self.lock:
            alarm = self.alarms.get(name)
            if alarm is not None and alarm.is_composite != is_composite:
                raise ValidationError(f"An alarm of the other type has the name {name} already.")
            if alarm is None:
                if len(self.alarms) >= MAX_ALARMS:
                    raise ValidationError(f"An account may have {MAX_ALARMS} alarms in a Region.")
                arn = f"arn:aws:cloudwatch:{self.region_name}:{self.account_id}:alarm:{name}"
                alarm = self.alarms[name] = Alarm(name, arn, settings, is_composite)
                # A metric alarm is looked at for the first time when its next period is over.
                alarm.held_until = 0.0 if is_composite else self._watch().next_look(alarm)
                alarm.note("ConfigurationUpdate", f'Alarm "{name}" created', _configured("Create", settings))
                if request.get("Tags"):  # of an alarm that exists, PutMetricAlarm ignores them
                    self.tagger.tag_resource(arn, request["Tags"])
            else:
                alarm.settings, alarm.configured = settings, time.time()
                alarm.note("ConfigurationUpdate", f'Alarm "{name}" updated', _configured("Update", settings))
        return alarm

    def _switch(self, names: list[str], *, enabled: bool) -> None:
        with self.lock:
            for alarm in (self.alarms[name] for name in names if name in self.alarms):
                alarm.settings = {**alarm.settings, "ActionsEnabled": enabled}

    def _moves(self) -> Transitions:
        return Transitions(self.services, self.region_name, self.account_id)

    def _watch(self) -> Watch:
        return Watch(self.services, self.metrics, self.alarms, self._moves())


def _configured(kind: str, settings: dict[str, Any]) -> str:
    return json.dumps({"version": "1.0", "type": kind, "updatedAlarm": settings}, default=str)
