"""Commands on hosts, through Run Command: the way that an operator without a login has."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from rehearsal.scenarios.aws import Aws

DOCUMENT = "AWS-RunShellScript"
POLL_SECONDS = 0.15
# Beyond the command's own time: until the agent has taken it and its answer has come back.
DELIVERY_SECONDS = 60
FINISHED = frozenset({"Success", "Cancelled", "Failed", "TimedOut"})


@dataclass(frozen=True)
class HostResult:
    """A command's end on one host. `status` is Run Command's; `code` is -1 when the command never started."""

    instance_id: str
    status: str
    code: int
    stdout: str
    stderr: str

    @property
    def passed(self) -> bool:
        return self.status == "Success"


class Hosts:
    """The running hosts of one stack, named by the value of one of their tags."""

    def __init__(self, aws: Aws, *, stack: str, tag: str) -> None:
        self._aws = aws
        self._stack = stack
        self._tag = tag

    def ids(self, name: str) -> list[str]:
        return [instance for tag, instance in self.all() if tag == name]

    def all(self) -> list[tuple[str, str]]:
        """(tag's value, instance id) of each running host of the stack, in the order of the names."""
        pages = (
            self._aws.client("ec2")
            .get_paginator("describe_instances")
            .paginate(
                Filters=[
                    {"Name": "tag:aws:cloudformation:stack-name", "Values": [self._stack]},
                    {"Name": "instance-state-name", "Values": ["running"]},
                ]
            )
        )
        found = []
        for page in pages:
            for reservation in page["Reservations"]:
                for instance in reservation["Instances"]:
                    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
                    found.append((tags.get(self._tag, ""), instance["InstanceId"]))
        return sorted(found)

    def run(self, name: str, command: str, *, timeout_seconds: int = 60) -> HostResult:
        """Run a shell command as root on the one host of that name. Raises ScenarioError when there is not one."""
        ids = self.ids(name)
        if len(ids) != 1:
            raise ScenarioError(
                f"stack {self._stack} has {len(ids)} running hosts with the tag {self._tag}={name}; one is needed here"
            )
        return self.run_on(ids[0], command, timeout_seconds=timeout_seconds)

    def send(self, instance_id: str, command: str, *, timeout_seconds: int = 60) -> str:
        """Send a shell command that runs as root, and do not wait for it; the command's id."""
        sent = self._aws.client("ssm").send_command(
            DocumentName=DOCUMENT,
            InstanceIds=[instance_id],
            Parameters={"commands": [command], "executionTimeout": [str(timeout_seconds)]},
            TimeoutSeconds=DELIVERY_SECONDS,
        )
        return str(sent["Command"]["CommandId"])

    def run_on(self, instance_id: str, command: str, *, timeout_seconds: int = 60) -> HostResult:
        """Run a shell command as root. Output beyond Run Command's 24,000 characters is cut off by the service."""
        ssm = self._aws.client("ssm")
        command_id = self.send(instance_id, command, timeout_seconds=timeout_seconds)
        deadline = time.monotonic() + timeout_seconds + DELIVERY_SECONDS
        while time.monotonic() < deadline:
            answer = self._invocation(ssm, command_id, instance_id)
            if answer and answer["Status"] in FINISHED:
                return HostResult(
                    instance_id,
                    answer["Status"],
                    answer.get("ResponseCode", -1),
                    answer.get("StandardOutputContent", ""),
                    answer.get("StandardErrorContent", ""),
                )
            time.sleep(POLL_SECONDS)
        return HostResult(instance_id, "TimedOut", -1, "", f"no end of command {command_id} in time")

    @staticmethod
    def _invocation(ssm: Any, command_id: str, instance_id: str) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = ssm.get_command_invocation(CommandId=command_id, InstanceId=instance_id)
        except ssm.exceptions.InvocationDoesNotExist:
            return None  # sent, and not yet expanded to its hosts
        return answer
