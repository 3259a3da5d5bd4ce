"""LookupEvents, which moto's CloudTrail lacks.

An event tells whether the caller was refused. Whether a permitted call failed later is not in it: the event is written
when the call is authorized.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from moto.cloudtrail.responses import CloudTrailResponse

from rehearsal.cloud.iam.reference import is_read_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.cloud.iam.trail.models import TrailBackend
    from rehearsal.cloud.iam.usage import TrailEvent

MAX_RESULTS = 50
EVENT_SOURCES = {"cloudwatch": "monitoring", "stepfunctions": "states", "resourcegroupstaggingapi": "tagging"}


class TrailResponse(CloudTrailResponse):
    """moto's CloudTrail API and its event history."""

    def lookup_events(self) -> str:
        """Return the events that fit, the newest first, in pages."""
        backend = cast("TrailBackend", self.cloudtrail_backend)
        wanted = {each["AttributeKey"]: each["AttributeValue"] for each in self._get_param("LookupAttributes", [])}
        start, end = _moment(self._get_param("StartTime")), _moment(self._get_param("EndTime"))
        fitting = (
            event
            for event in backend.usage.events()
            if all(_attribute(event, key, value) for key, value in wanted.items())
            and (start is None or event.time >= start)
            and (end is None or event.time <= end)
        )
        size = min(self._get_int_param("MaxResults", MAX_RESULTS), MAX_RESULTS)
        page = list(islice(_after(fitting, self._get_param("NextToken")), size + 1))
        answer: dict[str, Any] = {"Events": [_shape(event, self.current_account) for event in page[:size]]}
        if len(page) > size:
            answer["NextToken"] = page[size - 1].event_id
        return json.dumps(answer)


def _after(events: Iterator[TrailEvent], token: str | None) -> Iterator[TrailEvent]:
    """Yield what follows the event that a token names: a page stays the same when newer events arrive."""
    found = token is None
    for event in events:
        if found:
            yield event
        found = found or event.event_id == token


def _moment(value: Any) -> datetime | None:
    return None if value is None else datetime.fromtimestamp(float(value), UTC)


def _attribute(event: TrailEvent, key: str, value: str) -> bool:
    actual: dict[str, tuple[str, ...]] = {
        "EventId": (event.event_id,),
        "EventName": (event.operation,),
        "EventSource": (_source(event),),
        "Username": (event.user_name,),
        "AccessKeyId": (event.access_key,),
        "ReadOnly": (_read_only(event),),
        "ResourceName": (*event.resources, *(each.rpartition("/")[2] for each in event.resources)),
    }
    return value in actual.get(key, ())


def _source(event: TrailEvent) -> str:
    return f"{EVENT_SOURCES.get(event.service, event.service)}.amazonaws.com"


def _read_only(event: TrailEvent) -> str:
    prefix, _, name = event.action.partition(":")
    return "true" if is_read_only(prefix, name) else "false"


def _shape(event: TrailEvent, account_id: str) -> dict[str, Any]:
    return {
        "EventId": event.event_id,
        "EventName": event.operation,
        "ReadOnly": _read_only(event),
        "AccessKeyId": event.access_key,
        "EventTime": event.time.timestamp(),
        "EventSource": _source(event),
        "Username": event.user_name,
        "Resources": [{"ResourceName": each} for each in event.resources],
        "CloudTrailEvent": json.dumps(_record(event, account_id)),
    }


def _record(event: TrailEvent, account_id: str) -> dict[str, Any]:
    """Return the event as CloudTrail's log files have it (CloudTrail User Guide, "CloudTrail record contents")."""
    identity: dict[str, Any] = {
        "type": "AssumedRole" if event.role_arn else "IAMUser",
        "arn": event.principal_arn,
        "accountId": account_id,
        "accessKeyId": event.access_key,
    }
    if event.role_arn:
        issuer = {"type": "Role", "arn": event.role_arn, "userName": event.role_arn.rpartition("/")[2]}
        identity["sessionContext"] = {"sessionIssuer": issuer}
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "eventID": event.event_id,
        "eventTime": event.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": _source(event),
        "eventName": event.operation,
        "awsRegion": event.region,
        "sourceIPAddress": event.source_ip,
        "userAgent": event.user_agent,
        "userIdentity": identity,
        "readOnly": _read_only(event) == "true",
        "resources": [{"ARN": each, "accountId": account_id} for each in event.resources],
        "additionalEventData": {"iamAction": event.action},
        "recipientAccountId": account_id,
    }
    if event.error_code:
        record["errorCode"], record["errorMessage"] = event.error_code, event.error_message
    return record
