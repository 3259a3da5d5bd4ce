"""What a function's log shows: START, its output, END and REPORT; written to its log group as its role.

Sources: AWS Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs" (a function whose role may not
write logs has none); the lines as Lambda writes them.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.cloud.cloudwatch.embedded import read_embedded
from rehearsal.cloud.functions.runner import Ending

if TYPE_CHECKING:
    from rehearsal.cloud.functions.runner import FunctionCall, FunctionResult
    from rehearsal.cloud.role_sessions import RoleCredentials
    from rehearsal.cloud.services import Services

LARGEST_BATCH = 1_000
LARGEST_BYTES = 900_000
EVENT_OVERHEAD = 26

log = logging.getLogger(__name__)


def lines_of(call: FunctionCall, result: FunctionResult) -> list[str]:
    """Return the events of an invocation's log; one of several lines has carriage returns between them."""
    # Not `splitlines`: an event of several lines has carriage returns, and JSON may have other ends of lines in it.
    written = result.log.removesuffix("\n").split("\n") if result.log else []
    lines = [f"START RequestId: {call.request_id} Version: {call.version}", *written]
    if result.ending is Ending.TIMEOUT:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        lines.append(f"{now} {call.request_id} Task timed out after {call.timeout_seconds:.2f} seconds")
    if result.ending is Ending.EXIT:
        lines.append(str(json.loads(result.payload)["errorMessage"]))
    lines.append(f"END RequestId: {call.request_id}")
    report = [
        f"REPORT RequestId: {call.request_id}",
        f"Duration: {result.duration_ms:.2f} ms",
        f"Billed Duration: {math.ceil(result.duration_ms)} ms",
        f"Memory Size: {call.memory_mib} MB",
        f"Max Memory Used: {result.max_memory_mib} MB",
    ]
    report += [f"Init Duration: {result.init_ms:.2f} ms"] if result.init_ms is not None else []
    if result.ending in {Ending.TIMEOUT, Ending.EXIT}:
        report.append("Status: timeout" if result.ending is Ending.TIMEOUT else "Status: error")
        report += ["Error Type: Runtime.ExitError"] if result.ending is Ending.EXIT else []
    return [*lines, "\t".join(report)]


class LogWriter:
    """Writes logs through the API, so that the function's role decides; metrics in them go to CloudWatch."""

    def __init__(self, services: Services, region: str) -> None:
        self._services = services
        self._region = region
        self._writing = threading.Lock()

    def write(self, group: str, stream: str, lines: list[str], credentials: RoleCredentials) -> None:
        """Write one invocation's events, then take the metrics out of them."""
        client = self._services.roles.client("logs", self._region, credentials)
        now = round(time.time() * 1000)
        events = [{"timestamp": now, "message": line.replace("\r", "\n")} for line in lines if line]
        try:
            with self._writing:  # invocations side by side would make the group side by side
                for batch in _batches(events):
                    self._put(client, group, stream, batch)
        except (ClientError, BotoCoreError) as error:
            log.warning("the log of %s cannot be written: %s", group, error)
            return
        backend = self._services.door.backend("cloudwatch", self._region)
        for line in lines:
            for namespace, data in read_embedded(line):
                backend.put_metric_data(namespace, data)
        self._services.changed()

    def _put(self, client: Any, group: str, stream: str, events: list[dict[str, Any]]) -> None:
        """Put events; group and stream are made when they turn out to be missing."""
        request = {"logGroupName": group, "logStreamName": stream}
        absent = client.exceptions.ResourceNotFoundException
        try:
            client.put_log_events(**request, logEvents=events)
        except absent:
            try:
                client.create_log_stream(**request)
            except absent:
                client.create_log_group(logGroupName=group)
                client.create_log_stream(**request)
            client.put_log_events(**request, logEvents=events)


def _batches(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Within PutLogEvents' limits of events and bytes."""
    batches: list[list[dict[str, Any]]] = [[]]
    size = 0
    for event in events:
        needed = len(event["message"].encode()) + EVENT_OVERHEAD
        if batches[-1] and (size + needed > LARGEST_BYTES or len(batches[-1]) >= LARGEST_BATCH):
            batches.append([])
            size = 0
        batches[-1].append(event)
        size += needed
    return batches
