"""Commands and invocations as the API shows them (reference, automation appendix A)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.ssm.commands import (
    ERROR_LIMIT,
    NOT_STARTED,
    OUTPUT_LIMIT,
    PLUGIN_OUTPUT_LIMIT,
    Command,
    Invocation,
    PluginResult,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_ECHOED = ("CloudWatchOutputConfig", "NotificationConfig")


def command_view(command: Command) -> dict[str, Any]:
    """A Command."""
    request = command.request
    status, details = command.state
    view = {
        "CommandId": command.command_id,
        "DocumentName": command.document_name,
        "DocumentVersion": request.get("DocumentVersion") or "$DEFAULT",
        "Comment": request.get("Comment", ""),
        "ExpiresAfter": command.expires,
        "Parameters": request.get("Parameters") or {},
        "InstanceIds": request.get("InstanceIds") or [],
        "Targets": request.get("Targets") or [],
        "RequestedDateTime": command.requested,
        "Status": str(status),
        "StatusDetails": str(details),
        "OutputS3Region": request.get("OutputS3Region"),
        "OutputS3BucketName": request.get("OutputS3BucketName", ""),
        "OutputS3KeyPrefix": request.get("OutputS3KeyPrefix", ""),
        "MaxConcurrency": request.get("MaxConcurrency") or "50",
        "MaxErrors": request.get("MaxErrors") or "0",
        "TargetCount": len(command.invocations),
        "CompletedCount": command.completed,
        "ErrorCount": command.errors,
        "DeliveryTimedOutCount": command.delivery_timeouts,
        "ServiceRole": request.get("ServiceRoleArn", ""),
        "TimeoutSeconds": command.delivery_seconds,
    }
    return _given(view) | _given({key: request.get(key) for key in _ECHOED})


def invocation_view(command: Command, invocation: Invocation, *, details: bool) -> dict[str, Any]:
    """A CommandInvocation; `details` adds its plugins."""
    request = command.request
    first = next(iter(invocation.plugins.values()), None)
    view = {
        "CommandId": command.command_id,
        "InstanceId": invocation.instance_id,
        "InstanceName": invocation.instance_name,
        "Comment": request.get("Comment", ""),
        "DocumentName": command.document_name,
        "DocumentVersion": request.get("DocumentVersion") or "$DEFAULT",
        "RequestedDateTime": invocation.requested,
        "Status": str(invocation.status),
        "StatusDetails": str(invocation.details),
        "TraceOutput": invocation.trace or None,
        "StandardOutputUrl": first.stdout_url if first else "",
        "StandardErrorUrl": first.stderr_url if first else "",
        "CommandPlugins": [_plugin_view(command, p) for p in invocation.plugins.values()] if details else [],
        "ServiceRole": request.get("ServiceRoleArn", ""),
    }
    return _given(view) | _given({key: request.get(key) for key in _ECHOED})


def plugin_result(command: Command, invocation: Invocation, plugin: PluginResult) -> dict[str, Any]:
    """What GetCommandInvocation answers: one step, its output once it has finished."""
    finished = plugin.is_finished
    status, details = (plugin.status, plugin.details) if finished else _unfinished(invocation)
    view = {
        "CommandId": command.command_id,
        "InstanceId": invocation.instance_id,
        "Comment": command.request.get("Comment", ""),
        "DocumentName": command.document_name,
        "DocumentVersion": command.request.get("DocumentVersion") or "$DEFAULT",
        "PluginName": plugin.name,
        "ResponseCode": plugin.code if finished else NOT_STARTED,
        "ExecutionStartDateTime": plugin.started,
        "ExecutionElapsedTime": _elapsed(plugin.started, plugin.ended) if finished else "",
        "ExecutionEndDateTime": plugin.ended,
        "Status": status,
        "StatusDetails": details,
        "StandardOutputContent": plugin.stdout[:OUTPUT_LIMIT] if finished else "",
        "StandardOutputUrl": plugin.stdout_url,
        "StandardErrorContent": plugin.stderr[:ERROR_LIMIT] if finished else "",
        "StandardErrorUrl": plugin.stderr_url,
        "CloudWatchOutputConfig": command.request.get("CloudWatchOutputConfig"),
    }
    return _given(view)


def _unfinished(invocation: Invocation) -> tuple[str, str]:
    """A step that has not finished shows how far its invocation is."""
    return str(invocation.status), str(invocation.details)


def _plugin_view(command: Command, plugin: PluginResult) -> dict[str, Any]:
    request = command.request
    view = {
        "Name": plugin.name,
        "Status": plugin.status,
        "StatusDetails": plugin.details,
        "ResponseCode": plugin.code,
        "ResponseStartDateTime": _moment(plugin.started),
        "ResponseFinishDateTime": _moment(plugin.ended),
        "Output": (plugin.output or plugin.stdout)[:PLUGIN_OUTPUT_LIMIT],
        "StandardOutputUrl": plugin.stdout_url,
        "StandardErrorUrl": plugin.stderr_url,
        "OutputS3Region": request.get("OutputS3Region"),
        "OutputS3BucketName": request.get("OutputS3BucketName", ""),
        "OutputS3KeyPrefix": request.get("OutputS3KeyPrefix", ""),
    }
    return _given(view)


def _elapsed(started: str, ended: str) -> str:
    """An ISO 8601 duration such as `PT1.203S`."""
    begin, end = _moment(started), _moment(ended)
    if begin is None or end is None:
        return ""
    seconds = max(0.0, (end - begin).total_seconds())
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:.3f}".rstrip("0").rstrip(".")
    return "PT" + (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + f"{text}S"


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}
