"""The hosts' agents, and crashes of theirs.

A crash takes the agent and whatever runs under it at once, as the kernel's out-of-memory killer takes a unit; the
host's service manager starts the agent again. What a command handed to the service manager (a timer that was armed, a
unit that was started) is not the agent's, and lives on.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rehearsal.scenarios.surroundings import Surroundings


@dataclass
class Agents:
    surroundings: Surroundings
    _restarts: dict[str, int] = field(default_factory=dict)
    """How often the agent of each host was started again."""
    _killed: tuple[str, ...] = ()
    _commands: tuple[str, ...] = ()

    def commands_of(self, step: Mapping[str, Any]) -> list[str]:
        """The commands that the step (a StepExecution) has sent, itself or by a runbook that it started."""
        outputs = step.get("Outputs", {})
        children = [self.surroundings.executions.get(child) for child in outputs.get("ExecutionId", [])]
        theirs = [
            command for child in children for inner in child["StepExecutions"] for command in self.commands_of(inner)
        ]
        return [*outputs.get("CommandId", []), *theirs]

    def count(self) -> None:
        """Note how often each host's agent was started again so far; a kill is proven by one more."""
        self._restarts = {instance: self._count(instance) for _, instance in self.surroundings.hosts.all()}
        self._killed = ()

    def kill(self, commands: Iterable[str]) -> str:
        """Kill the agent and all that runs under it on the hosts of these commands; a sentence that says so.

        Empty, and nothing done, when no host has one of them yet. The command that kills dies with the agent, so nobody
        waits for it; what kills is a unit of its own.
        """
        self._commands = tuple(commands)
        self._killed = tuple(sorted({each["InstanceId"] for each in self._invocations()}))
        kill = f"systemd-run --quiet --collect systemctl kill --kill-whom=all --signal=KILL {self._unit}"
        for instance in self._killed:
            self.surroundings.hosts.send(instance, kill)
        names = {instance: name for name, instance in self.surroundings.hosts.all()} if self._killed else {}
        hosts = " and ".join(names.get(each, each) for each in self._killed)
        return f"the agent was killed on {hosts}" if hosts else ""

    def moment(self) -> str:
        """When the kill came: the service is told of a command that died under its agent, and then calls it failed."""
        had_ended = all(each["Status"] == "Success" for each in self._invocations())
        return "when its command had ended" if had_ended else "while its command ran"

    def survived(self) -> str:
        """Empty when every agent that was to be killed was killed, and is back; else which was not."""
        for instance in self._killed:
            before, now = self._restarts.get(instance, 0), self._count(instance)
            if now <= before:
                return f"the agent of {instance} was not killed: it was started again {now} times, and {before} before"
        return ""

    def _invocations(self) -> list[dict[str, Any]]:
        paginator = self.surroundings.aws.client("ssm").get_paginator("list_command_invocations")
        pages = [page for command_id in self._commands for page in paginator.paginate(CommandId=command_id)]
        return [invocation for page in pages for invocation in page["CommandInvocations"]]

    def _count(self, instance: str) -> int:
        done = self.surroundings.hosts.run_on(instance, f"systemctl show --property=NRestarts --value {self._unit}")
        if not done.passed or not done.stdout.strip().isdigit():
            why = (done.stderr or done.stdout).strip()
            raise ScenarioError(f"how often {self._unit} was started again on {instance} is not known: {why}")
        return int(done.stdout)

    @property
    def _unit(self) -> str:
        unit = self.surroundings.common.agent_unit
        if unit is None:
            raise ScenarioError("the common file does not say (agent_unit:) which unit of the hosts is their agent")
        return shlex.quote(unit)
