"""Stopping an execution when its CloudWatch alarm goes off (reference §2.4 rule 7, `AlarmConfiguration`)."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.automation.access import Session
    from rehearsal.automation.journal import Journal

_LOG = logging.getLogger(__name__)


def watch_alarm(
    session: Session, journal: Journal, done: threading.Event, stop: Callable[[], object], pause: float
) -> None:
    """Look after the execution's alarm in a thread until the execution ends. Nothing happens without an alarm."""
    configuration = journal.execution.alarms or {}
    names = [str(alarm["Name"]) for alarm in configuration.get("Alarms", [])]
    if not names:
        return
    bears_failure = bool(configuration.get("IgnorePollAlarmFailure"))

    def watch() -> None:
        while not done.wait(pause):
            try:
                ringing = _ringing(session, names)
            except (ClientError, BotoCoreError) as error:
                _LOG.warning("Alarm %s cannot be read: %s", names[0], error)
                if bears_failure:
                    continue
                ringing = [{"Name": names[0], "State": "UNKNOWN"}]
            if ringing:
                journal.execution.triggered_alarms = ringing
                stop()
                return

    threading.Thread(target=watch, name="automation alarm", daemon=True).start()


def _ringing(session: Session, names: list[str]) -> list[dict[str, str]]:
    answer = session.client("cloudwatch").describe_alarms(
        AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    alarms = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
    return [{"Name": str(alarm["AlarmName"]), "State": "ALARM"} for alarm in alarms if alarm["StateValue"] == "ALARM"]
