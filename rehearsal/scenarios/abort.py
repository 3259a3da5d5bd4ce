"""Shows that a runbook may be stopped anywhere: at each of its steps in turn."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.scenarios import runs
from rehearsal.scenarios.checks import CheckResult, ask_all
from rehearsal.scenarios.executions import FINISHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from rehearsal.scenarios.executions import Event
    from rehearsal.scenarios.model import Probe
    from rehearsal.scenarios.surroundings import Surroundings

POLL_SECONDS = 0.03  # steps that only ask an API are over in little more
END_SECONDS = 180  # a cancellation may take two minutes by its definition


@dataclass(frozen=True)
class AbortProof:
    """What to stop, and the steady state that has to survive it."""

    runbook: str
    parameters: Mapping[str, Any]
    probes: Sequence[Probe]
    surroundings: Surroundings
    tell: Callable[[Event], None]

    def stop_at_each(self, steps: Iterable[str]) -> list[CheckResult]:
        """One check a step: after StopAutomationExecution at it, steady state holds, or one more run restores it."""
        return [self._stop_at(step) for step in steps]

    def _stop_at(self, step: str) -> CheckResult:
        name = f"stopped at {step}"
        where, status = self._start_and_stop(step)
        if status not in FINISHED:
            return CheckResult(name, passed=False, detail=f"{where}; still {status} after {END_SECONDS} s")
        broken = self._broken()
        if not broken:
            return CheckResult(name, passed=True, detail=f"{where}, ended {status}, steady state holds")
        again = runs.run(self.surroundings.executions, self.runbook, self.parameters, tell=self.tell)
        still = self._broken()
        if again.status == "Success" and not still:
            restored = ", ".join(result.name for result in broken)
            return CheckResult(name, passed=True, detail=f"{where}, ended {status}; a second run restored {restored}")
        detail = "; ".join(f"{result.name}: {result.detail}" for result in still or broken)
        return CheckResult(name, passed=False, detail=f"{where}, ended {status}; run again: {again.status}; {detail}")

    def _broken(self) -> list[CheckResult]:
        return [result for result in ask_all(self.probes, self.surroundings) if not result.passed]

    def _start_and_stop(self, step: str) -> tuple[str, str]:
        """Stop once the step has begun. Says where it was stopped in truth, and the status it ended with."""
        executions = self.surroundings.executions
        execution_id = executions.start(self.runbook, self.parameters)
        where = "it ended before it could be stopped"
        is_asked = False
        deadline = time.monotonic() + END_SECONDS
        while True:
            execution = executions.get(execution_id)
            status = str(execution["AutomationExecutionStatus"])
            if status in FINISHED or time.monotonic() > deadline:
                return where, status
            begun = {item["StepName"]: item.get("StepStatus", "Pending") for item in execution["StepExecutions"]}
            if not is_asked and begun.get(step, "Pending") != "Pending":
                under_way = [name for name, state in begun.items() if state in {"InProgress", "Waiting"}]
                where = f"stopped at {', '.join(under_way) or step}"
                executions.stop(execution_id)
                is_asked = True
            time.sleep(POLL_SECONDS)
