"""The payloads of the message protocol: commands in, replies out (the genuine agent's JSON, field by field)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.agent import AGENT_NAME
from rehearsal.agent.flow import now
from rehearsal.agent.output import folder_name
from rehearsal.agent.results import MAX_OUTPUT_BYTES, Status, StepResult, truncate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SEND_COMMAND = "aws.ssm.sendCommand"
_CANCEL_COMMAND = "aws.ssm.cancelCommand"
_COMMAND_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")


class MessageError(Exception):
    """The message cannot be understood: it is to be failed, not acknowledged."""


@dataclass(frozen=True)
class OutputTargets:
    """Where a command's output also goes."""

    s3_bucket: str = ""
    s3_prefix: str = ""  # with command and instance
    log_group: str = ""


@dataclass(frozen=True)
class Command:
    """One SendCommand for this host."""

    message_id: str
    command_id: str
    document_name: str
    content: Any
    parameters: Mapping[str, Any]
    targets: OutputTargets = field(default_factory=OutputTargets)


@dataclass(frozen=True)
class Cancel:
    message_id: str
    command_id: str


def parse_message(message: Mapping[str, Any], instance_id: str) -> Command | Cancel:
    """A message of GetMessages. Raises MessageError when it is not for this host or not understood."""
    message_id, topic, destination = (message.get(name) for name in ("MessageId", "Topic", "Destination"))
    if not isinstance(message_id, str) or not isinstance(topic, str):
        raise MessageError("a message needs MessageId and Topic")
    if destination not in {None, instance_id}:
        raise MessageError(f"{message_id} is for {destination}, not for {instance_id}")
    payload = _payload(message)
    if topic.startswith(_SEND_COMMAND):
        return _command(message_id, payload, instance_id)
    if topic.startswith(_CANCEL_COMMAND):
        return Cancel(message_id, command_id_of(str(payload.get("CancelMessageId", ""))))
    raise MessageError(f"{message_id}: the topic {topic} is not known")


def _payload(message: Mapping[str, Any]) -> dict[str, Any]:
    try:
        payload = json.loads(message.get("Payload") or "")
    except (ValueError, TypeError, RecursionError):
        raise MessageError(f"{message['MessageId']}: the payload is not JSON") from None
    if not isinstance(payload, dict):
        raise MessageError(f"{message['MessageId']}: the payload is not an object")
    return payload


def _command(message_id: str, payload: Mapping[str, Any], instance_id: str) -> Command:
    command_id = str(payload.get("CommandId") or command_id_of(message_id))
    if not _COMMAND_ID.fullmatch(command_id):
        raise MessageError(f"{message_id}: the CommandId cannot be a folder's name")
    parameters = {} if payload.get("Parameters") is None else payload["Parameters"]
    if not isinstance(parameters, dict):
        raise MessageError(f"{message_id}: Parameters is not an object")
    name = str(payload.get("DocumentName") or "")
    prefix = "/".join(part for part in (payload.get("OutputS3KeyPrefix"), command_id, instance_id) if part)
    to_logs = str(payload.get("CloudWatchOutputEnabled") or "").lower() == "true"
    group = str(payload.get("CloudWatchLogGroupName") or "") or f"/aws/ssm/{name}"
    targets = OutputTargets(str(payload.get("OutputS3BucketName") or ""), prefix, group if to_logs else "")
    return Command(message_id, command_id, name, payload.get("DocumentContent"), parameters, targets)


def command_id_of(message_id: str) -> str:
    """`aws.ssm.<commandId>.<instanceId>` holds the command's ID. Raises MessageError when it does not."""
    parts = message_id.split(".")
    if len(parts) < 4 or not _COMMAND_ID.fullmatch(parts[2]):  # noqa: PLR2004 - the parts above
        raise MessageError(f"{message_id!r} is not a message's ID")
    return parts[2]


def document_reply(status: Status, trace: str, agent_version: str) -> str:
    """A reply about the whole document, without any step."""
    return _reply(status, trace, {}, {}, agent_version)


def step_reply(result: StepResult, finished: Iterable[StepResult], targets: OutputTargets, agent_version: str) -> str:
    """A reply about one finished step, while the document goes on."""
    shown = {result.name: _runtime_status(result, targets)}
    return _reply(Status.IN_PROGRESS, "", shown, _counts(finished), agent_version)


def final_reply(
    status: Status, trace: str, results: Iterable[StepResult], targets: OutputTargets, agent_version: str
) -> str:
    """The last reply: it has the steps' results when there is one step, none when there are more."""
    listed = list(results)
    shown = {result.name: _runtime_status(result, targets) for result in listed} if len(listed) == 1 else {}
    return _reply(status, trace, shown, _counts(listed), agent_version)


def _counts(results: Iterable[StepResult]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for result in results:
        counts[result.status] = counts.get(result.status, 0) + 1
    return counts


def _reply(status: Status, trace: str, steps: Mapping[str, Any], counts: Mapping[str, int], agent_version: str) -> str:
    return json.dumps(
        {
            "additionalInfo": {
                "agent": {"lang": "en-US", "name": AGENT_NAME, "os": "", "osver": "1", "ver": agent_version},
                "dateTime": now(),
                "runId": "",
                "runtimeStatusCounts": dict(counts),
                "ableToOpenMGSConnection": False,
            },
            "documentStatus": status,
            "documentTraceOutput": trace,
            "runtimeStatus": dict(steps),
        }
    )


def _runtime_status(result: StepResult, targets: OutputTargets) -> dict[str, Any]:
    prefix = f"{targets.s3_prefix}/{folder_name(result.action)}" if targets.s3_bucket else ""
    return {
        "status": result.status,
        "code": result.code,
        "name": result.action,
        "output": truncate(result.error or result.output, MAX_OUTPUT_BYTES + 1),
        "startDateTime": result.started,
        "endDateTime": result.ended,
        "outputS3BucketName": targets.s3_bucket,
        "outputS3KeyPrefix": prefix,
        "stepName": result.output_name if targets.s3_bucket else "",
        "standardOutput": truncate(result.stdout),
        "standardError": truncate(result.stderr),
    }
