"""Reads an agent's reply: the status of the document and what its steps printed.

Shape: reference, command documents §4. Each finished step comes in a reply of its own; the final reply may repeat
them or hold none.
"""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.ssm.commands import Details, Invocation, PluginResult, Status

_DOCUMENT = {
    "Success": (Status.SUCCESS, ""),
    "Skipped": (Status.SUCCESS, ""),
    "Failed": (Status.FAILED, ""),
    "TimedOut": (Status.TIMED_OUT, Details.EXECUTION_TIMED_OUT),
    "Cancelled": (Status.CANCELLED, ""),
}
# A step's status → the API's status and details; a step that asked for a reboot goes on afterwards.
_STEP = {
    "Success": ("Success", "Success"),
    "Skipped": ("Success", "Skipped"),
    "Failed": ("Failed", "Failed"),
    "TimedOut": ("TimedOut", "ExecutionTimedOut"),
    "Cancelled": ("Cancelled", "Cancelled"),
    "InProgress": ("InProgress", "InProgress"),
    "SuccessAndReboot": ("InProgress", "InProgress"),
}
MAX_TRACE = 2_500


def apply_reply(invocation: Invocation, payload: dict[str, Any], region: str) -> None:
    """Update the invocation. `region` is that of the bucket that the output goes to."""
    statuses = payload.get("runtimeStatus")
    reports: dict[str, Any] = statuses if isinstance(statuses, dict) else {}
    for key, reported in reports.items():
        plugin = invocation.plugins.get(key)
        if plugin is None or not isinstance(reported, dict) or plugin.is_finished:
            continue
        if _update(plugin, reported):
            _locate_output(plugin, reported, region)
    trace = payload.get("documentTraceOutput")
    if isinstance(trace, str) and trace:
        invocation.trace = trace[:MAX_TRACE]
    _update_status(invocation, str(payload.get("documentStatus", "")))


def _update(plugin: PluginResult, reported: dict[str, Any]) -> bool:
    """Take a step's report; return whether the step is finished with it."""
    plugin.status, plugin.details = _STEP.get(str(reported.get("status")), ("Pending", "Pending"))
    plugin.started = _text(reported, "startDateTime")
    if not plugin.is_finished:
        return False
    code = reported.get("code")
    plugin.code = code if isinstance(code, int) else 0
    plugin.ended = _text(reported, "endDateTime")
    plugin.stdout = _text(reported, "standardOutput")
    plugin.stderr = _text(reported, "standardError")
    plugin.output = _text(reported, "output")
    return True


def _locate_output(plugin: PluginResult, reported: dict[str, Any], region: str) -> None:
    """Take the addresses of the output from where the agent says that it put it."""
    bucket, prefix, step = (
        _text(reported, f"{key}") for key in ("outputS3BucketName", "outputS3KeyPrefix", "stepName")
    )
    if bucket:
        base = f"https://s3.{region}.amazonaws.com/{bucket}/{prefix}/{step}"
        plugin.stdout_url, plugin.stderr_url = f"{base}/stdout", f"{base}/stderr"


def _update_status(invocation: Invocation, status: str) -> None:
    if status in _DOCUMENT:
        final, details = _DOCUMENT[status]
        invocation.end(final, details)
    elif status == "InProgress" and invocation.status is Status.PENDING:
        invocation.status, invocation.details = Status.IN_PROGRESS, Status.IN_PROGRESS


def _text(reported: dict[str, Any], key: str) -> str:
    value = reported.get(key)
    return value if isinstance(value, str) else ""
