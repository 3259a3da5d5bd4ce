"""The output of scripts in CloudWatch Logs, when the account's settings ask for it (reference §3.13)."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from rehearsal.automation.action import StepContext

DESTINATION = "/ssm/automation/customer-script-log-destination"
GROUP = "/ssm/automation/customer-script-log-group-name"
_DEFAULT_GROUP = "/aws/ssm/automation/executeScript"
_MOST_EVENTS = 1000
_LOG = logging.getLogger(__name__)


def ship_log(context: StepContext, text: str) -> None:
    """Write the script's output with the execution's own credentials. A failure here does not fail the step."""
    setting = context.settings.service_setting
    if not text.strip() or setting(DESTINATION) != "CloudWatch" or not context.has_role:
        return
    group, stream = setting(GROUP) or _DEFAULT_GROUP, f"{context.execution.execution_id}/{context.step.name}"
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in text.splitlines() if line][:_MOST_EVENTS]
    try:
        logs = context.client("logs")
        for create, names in ((logs.create_log_group, {}), (logs.create_log_stream, {"logStreamName": stream})):
            try:
                create(logGroupName=group, **names)
            except logs.exceptions.ResourceAlreadyExistsException:
                continue
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    except (ClientError, BotoCoreError) as error:
        _LOG.warning("The output of step %s could not be written to %s: %s", context.step.name, group, error)
