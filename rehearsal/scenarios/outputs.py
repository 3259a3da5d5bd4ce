"""What commands wrote on hosts, as whole as Run Command keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_NAME = 4  # GetCommandInvocation takes no shorter PluginName, though documents may have one
UNFINISHED = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})


@dataclass(frozen=True)
class HostOutput:
    """What one plugin of a command wrote on one host. `step` is the runbook's step that sent it, or empty."""

    step: str
    instance_id: str
    plugin: str
    status: str
    code: int
    stdout: str
    stderr: str

    def as_text(self) -> str:
        head = f"{self.plugin} on {self.instance_id} is {self.status} with exit code {self.code}"
        streams = [
            f"{name}:\n{text.rstrip()}"
            for name, text in (("standard output", self.stdout), ("standard error", self.stderr))
            if text.strip()
        ]
        return "\n".join([head, *streams])


def command_outputs(ssm: Any, command_id: str, *, step: str = "", ended_only: bool = False) -> Iterator[HostOutput]:
    """What each plugin wrote on each host.

    ListCommandInvocations cuts at 2,500 characters, so it only gives the names here; GetCommandInvocation has the first
    24,000 of standard output and 8,000 of standard error.
    """
    pages = ssm.get_paginator("list_command_invocations").paginate(CommandId=command_id, Details=True)
    for invocation in (item for page in pages for item in page["CommandInvocations"]):
        for plugin in invocation.get("CommandPlugins", []):
            if ended_only and plugin["Status"] in UNFINISHED:
                continue
            answer = invocation_of(ssm, command_id, invocation["InstanceId"], plugin["Name"])
            yield HostOutput(
                step=step,
                instance_id=invocation["InstanceId"],
                plugin=plugin["Name"],
                status=answer["Status"],
                code=answer.get("ResponseCode", -1),
                stdout=answer.get("StandardOutputContent", ""),
                stderr=answer.get("StandardErrorContent", ""),
            )


def invocation_of(ssm: Any, command_id: str, instance_id: str, plugin: str) -> dict[str, Any]:
    """GetCommandInvocation's answer for one plugin.

    One whose name is too short to be asked for is got by no name at all, as a document's only plugin may be.
    """
    named = {"PluginName": plugin} if len(plugin) >= SHORTEST_NAME else {}
    answer: dict[str, Any] = ssm.get_command_invocation(CommandId=command_id, InstanceId=instance_id, **named)
    return answer
