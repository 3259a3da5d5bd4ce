"""Shows that a runbook may be aborted anywhere: at each of its steps in turn, by whoever started it or by a crash."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rehearsal.scenarios import runs
from rehearsal.scenarios.agents import Agents
from rehearsal.scenarios.checks import CheckResult, ask_all
from rehearsal.scenarios.executions import FINISHED
from rehearsal.scenarios.results import AbortResult

if TYPE_CHECKING:
    from rehearsal.scenarios.actions import Actions
    from rehearsal.scenarios.model import Probe
    from rehearsal.scenarios.proofs import Abort

POLL_SECONDS = 0.03  # steps that only ask an API are over in little more
# A cancellation may take two minutes by its definition; a command whose agent died, until its step's own time is over.
END_SECONDS = 420
STOPPED = "stopped at"

Strike = Callable[[Mapping[str, Any]], str]
"""Aborts the execution that it is shown, if the moment has come: where, or empty when it has not."""


@dataclass
class AbortProof:
    """What to abort, and the steady state that has to survive it. `approve` answers approvals, as in `runs.run`."""

    runbook: str
    parameters: Mapping[str, Any]
    probes: Sequence[Probe]
    actions: Actions
    approve: bool = False
    _agents: Agents = field(init=False)

    def __post_init__(self) -> None:
        self._agents = Agents(self.actions.surroundings)

    def show(self, abort: Abort, execution_id: str) -> Iterator[AbortResult]:
        """One result a step and way, as it is had; the steps are those of an execution that was left alone.

        Afterwards steady state holds, or one more run restores it; else it is broken, and the next step has to start
        from that. A step that sends no command to a host has no agent to kill.
        """
        whole = self.actions.surroundings.executions.get(execution_id)
        steps = [step for step in whole["StepExecutions"] if step.get("ExecutionStartTime")]
        for step in steps:
            for by in abort.by:
                if by == "stop" or self._agents.commands_of(step):
                    yield self._abort(abort, step["StepName"], by)

    def _abort(self, abort: Abort, step: str, by: str) -> AbortResult:
        self.actions.do(abort.before)
        strike = self._stop_at(step) if by == "stop" else self._kill_at(step)
        started = time.monotonic()
        execution, where = self._start_and_strike(strike)
        seconds = round(time.monotonic() - started, 2)
        status = str(execution["AutomationExecutionStatus"])
        result = AbortResult(
            step=step,
            by=by,
            where=where or "it ended before it could be aborted",
            status=status,
            seconds=seconds,
            outcome="broken",
            detail="",
            execution_id=str(execution["AutomationExecutionId"]),
            failed=tuple(_failed(execution, apart_from=step)),
        )
        if status not in FINISHED:
            self.actions.surroundings.executions.stop(str(execution["AutomationExecutionId"]))
            return result.ended("broken", f"still {status} after {END_SECONDS} s")
        if by == "kill-agent" and where:
            result = replace(result, where=f"{where} {self._agents.moment()}")
            if problem := self._agents.survived():
                return result.ended("broken", problem)
        return self._judge(result)

    def _judge(self, result: AbortResult) -> AbortResult:
        broken = self._broken()
        if not broken:
            return result.ended("holds", "")
        again = self._run_again()
        still = self._broken()
        names = ", ".join(check.name for check in broken)
        if again == "Success" and not still:
            return result.ended("restored", names)
        detail = "; ".join(f"{check.name}: {check.detail}" for check in still or broken)
        return result.ended("broken", f"run again: {again}; {detail}")

    def _run_again(self) -> str:
        executions = self.actions.surroundings.executions
        again = runs.run(executions, self.runbook, self.parameters, tell=self.actions.tell, approve=self.approve)
        return again.status

    def _broken(self) -> list[CheckResult]:
        return [result for result in ask_all(self.probes, self.actions.surroundings) if not result.passed]

    def _start_and_strike(self, strike: Strike) -> tuple[dict[str, Any], str]:
        """The execution as it ended, or as it is when its time is over, and where it was struck in truth.

        What breaks this off stops the execution: nothing of the scenario may go on while others are set up.
        """
        executions = self.actions.surroundings.executions
        execution_id = executions.start(self.runbook, self.parameters)
        try:
            return self._follow(execution_id, strike)
        except BaseException:
            executions.stop(execution_id)
            raise

    def _follow(self, execution_id: str, strike: Strike) -> tuple[dict[str, Any], str]:
        executions = self.actions.surroundings.executions
        where, unapproved = "", self.approve
        deadline = time.monotonic() + END_SECONDS
        while True:
            execution = executions.get(execution_id)
            if execution["AutomationExecutionStatus"] in FINISHED or time.monotonic() > deadline:
                return execution, where
            where = where or strike(execution)
            if unapproved and not where.startswith(STOPPED) and _awaits_approval(execution):
                executions.approve(execution_id)
                unapproved = False
            time.sleep(POLL_SECONDS)

    def _stop_at(self, step: str) -> Strike:
        def strike(execution: Mapping[str, Any]) -> str:
            begun = {item["StepName"]: item.get("StepStatus", "Pending") for item in execution["StepExecutions"]}
            if begun.get(step, "Pending") == "Pending":
                return ""
            under_way = [name for name, state in begun.items() if state in {"InProgress", "Waiting"}]
            self.actions.surroundings.executions.stop(execution["AutomationExecutionId"])
            return f"{STOPPED} {', '.join(under_way) or step}"

        return strike

    def _kill_at(self, step: str) -> Strike:
        self._agents.count()

        def strike(execution: Mapping[str, Any]) -> str:
            reached = [item for item in execution["StepExecutions"] if item["StepName"] == step]
            commands = [command for item in reached for command in self._agents.commands_of(item)]
            return self._agents.kill(commands) if commands else ""

        return strike


def _failed(execution: Mapping[str, Any], *, apart_from: str) -> list[str]:
    steps = [step for step in execution["StepExecutions"] if step.get("StepStatus") in {"Failed", "TimedOut"}]
    return [step["StepName"] for step in steps if step["StepName"] != apart_from]


def _awaits_approval(execution: Mapping[str, Any]) -> bool:
    waiting = [step for step in execution["StepExecutions"] if step.get("StepStatus") == "Waiting"]
    return any(step["Action"] == "aws:approve" for step in waiting)
