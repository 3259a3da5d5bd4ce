"""What happens when an alarm changes its state: history, an event, and its actions.

Sources: CloudWatch User Guide, "Alarm actions" and "Alarm events and EventBridge"; API reference of
DescribeAlarmHistory. Actions are notifications and functions; CloudWatch does not try a failed one again.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from rehearsal.cloud.cloudwatch import messages
from rehearsal.cloud.cloudwatch.evaluation import stamp
from rehearsal.cloud.grants import NotGrantedError

if TYPE_CHECKING:
    from rehearsal.cloud.cloudwatch.alarms import Alarm
    from rehearsal.cloud.services import Services

SERVICE = "cloudwatch.amazonaws.com"
FUNCTIONS = "lambda.alarms.cloudwatch.amazonaws.com"

log = logging.getLogger(__name__)


class Transitions:
    """Changes the states of one Region's alarms."""

    def __init__(self, services: Services, region: str, account_id: str) -> None:
        self._services = services
        self._region = region
        self._account_id = account_id

    def enter(self, alarm: Alarm, state: str, reason: str, data: str, children: list[Alarm]) -> None:
        """Give an alarm a state; where it is another one than before, tell whoever is to be told."""
        former, before = alarm.state, messages.state_of(alarm)
        alarm.state, alarm.reason, alarm.reason_data = state, reason, data
        alarm.updated = time.time()
        if state == former:
            return
        alarm.transitioned = alarm.updated
        alarm.note("StateUpdate", f"Alarm updated from {former} to {state}", _history(before, messages.state_of(alarm)))
        self._services.changed()
        event = messages.event(alarm, before, self._region, self._account_id)
        self._services.emit(self._region, event)
        if alarm.are_actions_enabled:
            text = messages.message(alarm, former, self._region, self._account_id, children)
            subject = messages.subject(alarm, self._region)
            for arn in alarm.actions_for(state):
                # In this thread: notifications of an alarm arrive in the order of its changes.
                self._act(alarm, arn, subject, text, event)

    def _act(self, alarm: Alarm, arn: str, subject: str, text: str, event: dict[str, Any]) -> None:
        try:
            if arn.startswith("arn:aws:sns:"):
                self._notify(alarm, arn, subject, text)
            else:
                self._invoke(alarm, arn, event)
        except (NotGrantedError, ServiceException, HTTPException) as error:
            reason = getattr(error, "message", None) or str(error)
            log.warning("action %s of alarm %s failed: %s", arn, alarm.name, reason)
            data = {
                "actionState": "Failed",
                "notificationResource": arn,
                "stateUpdateTimestamp": _millis(alarm),
                "error": reason,
            }
            alarm.note("Action", f'Failed to execute action {arn}. Received error: "{reason}"', json.dumps(data))
        else:
            data = {
                "actionState": "Succeeded",
                "notificationResource": arn,
                "stateUpdateTimestamp": _millis(alarm),
                "publishedMessage": json.dumps({"default": text}),
            }
            alarm.note("Action", f"Successfully executed action {arn}", json.dumps(data))

    def _notify(self, alarm: Alarm, arn: str, subject: str, text: str) -> None:
        backend = self._services.door.backend("sns", arn.split(":")[3])
        self._services.grants.require(SERVICE, "sns:Publish", arn, alarm.arn)
        self._services.grants.require_key(SERVICE, backend.get_topic(arn).kms_master_key_id, self._region, alarm.arn)
        backend.publish(text, arn=arn, subject=subject)

    def _invoke(self, alarm: Alarm, arn: str, event: dict[str, Any]) -> None:
        if not arn.startswith("arn:aws:lambda:"):
            raise NotGrantedError("Only topics and functions are actions of alarms on this endpoint.")
        self._services.grants.require(FUNCTIONS, "lambda:InvokeFunction", arn, alarm.arn)
        given = {
            "source": "aws.cloudwatch",
            "alarmArn": alarm.arn,
            "accountId": self._account_id,
            "time": stamp(alarm.updated),
            "region": self._region,
            "alarmData": event["detail"],
        }
        self._services.door.backend("lambda", arn.split(":")[3]).enqueue(arn, None, json.dumps(given).encode())


def _history(before: dict[str, Any], after: dict[str, Any]) -> str:
    return json.dumps({"version": "1.0", "oldState": _shown(before), "newState": _shown(after)})


def _shown(state: dict[str, Any]) -> dict[str, Any]:
    shown = {"stateValue": state["value"], "stateReason": state["reason"]}
    return shown | ({"stateReasonData": json.loads(state["reasonData"])} if state.get("reasonData") else {})


def _millis(alarm: Alarm) -> int:
    return round(alarm.updated * 1000)
