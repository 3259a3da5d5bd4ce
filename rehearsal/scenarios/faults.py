"""Injects faults one at a time, and shows what a runbook makes of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.scenarios import runs
from rehearsal.scenarios.checks import CheckResult, ask_all
from rehearsal.scenarios.expectations import judge_run
from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from rehearsal.scenarios.actions import Actions
    from rehearsal.scenarios.model import Fault, Probe


@dataclass(frozen=True)
class FaultProof:
    """The runbook to run on faults, and the steady state that has to be back once each is mended."""

    runbook: str
    parameters: Mapping[str, Any]
    probes: Sequence[Probe]
    actions: Actions

    def show(self, fault: Fault) -> list[CheckResult]:
        """The checks of one fault, each named after it. The fault is mended whatever happens."""
        checks: list[CheckResult] = []
        try:
            self.actions.do(fault.inject)
            run = runs.run(self.actions.surroundings.executions, self.runbook, self.parameters, tell=self.actions.tell)
            checks += judge_run(fault.expect, run)
        except (ScenarioError, ClientError, BotoCoreError) as problem:
            checks.append(CheckResult("carried out to its end", passed=False, detail=str(problem)))
        finally:
            problems = self.actions.do_all(fault.mend)
        checks.append(CheckResult("mended", not problems, "; ".join(problems)))
        checks += [
            replace(result, name=f"after it: {result.name}")
            for result in ask_all(self.probes, self.actions.surroundings)
        ]
        return [replace(check, name=f"{fault.name}: {check.name}") for check in checks]
