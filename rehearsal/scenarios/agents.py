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

    def at_work(self, step: Mapping[str, Any]) -> list[str]:
        """The hosts that the step (a StepExecution) has sent a command to, itself or by a runbook that it started."""
        ssm = self.surroundings.aws.client("ssm")
        outputs = step.get("Outputs", {})
        pages = [
            page
            for command_id in outputs.get("CommandId", [])
            for page in ssm.get_paginator("list_command_invocations").paginate(CommandId=command_id)
        ]
        own = [invocation["InstanceId"] for page in pages for invocation in page["CommandInvocations"]]
        children = [self.surroundings.executions.get(child) for child in outputs.get("ExecutionId", [])]
        theirs = [host for child in children for inner in child["StepExecutions"] for host in self.at_work(inner)]
        return sorted({*own, *theirs})

    def count(self) -> None:
        """Note how often each host's agent was started again so far; a kill is proven by one more."""
        self._restarts = {instance: self._count(instance) for _, instance in self.surroundings.hosts.all()}
        self._killed = ()

    def kill(self, instances: Iterable[str]) -> str:
        """Kill the agent and all that runs under it on these hosts; the sentence's beginning that says so.

        The command that does it dies with the agent, so nobody waits for it; what kills is a unit of its own.
        """
        command = f"systemd-run --quiet --collect systemctl kill --kill-whom=all --signal=KILL {self._unit}"
        self._killed = tuple(instances)
        for instance in self._killed:
            self.surroundings.hosts.send(instance, command)
        names = {instance: name for name, instance in self.surroundings.hosts.all()}
        return "the agent was killed on " + " and ".join(names.get(each, each) for each in self._killed)

    def survived(self) -> str:
        """Empty when every agent that was to be killed was killed, and is back; else which was not."""
        for instance in self._killed:
            before, now = self._restarts.get(instance, 0), self._count(instance)
            if now <= before:
                return f"the agent of {instance} was not killed: it was started again {now} times, and {before} before"
        return ""

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
