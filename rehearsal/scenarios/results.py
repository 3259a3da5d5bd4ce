"""What a scenario showed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.scenarios.checks import CheckResult
    from rehearsal.scenarios.detection import DetectionResult
    from rehearsal.scenarios.measure import Requests
    from rehearsal.scenarios.outputs import HostOutput
    from rehearsal.scenarios.permissions import Permissions, RoleUse


@dataclass(frozen=True)
class StepResult:
    """A step of the run. Times in epoch seconds; None for a step that was never reached."""

    name: str
    action: str
    status: str
    started: float | None
    ended: float | None
    message: str
    outputs: tuple[HostOutput, ...]

    @property
    def seconds(self) -> float | None:
        if self.started is None or self.ended is None:
            return None
        return round(self.ended - self.started, 2)


@dataclass(frozen=True)
class Run:
    """One execution of the runbook. `message` says why it did not succeed, whole."""

    execution_id: str
    status: str
    started: float
    seconds: float
    message: str
    steps: tuple[StepResult, ...]
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class BaselineResult:
    """The former commands under the same load: what was typed on which host, and when it began, in epoch seconds."""

    description: str
    command: str
    started: float
    seconds: float
    requests: Requests


@dataclass(frozen=True)
class AbortResult:
    """One execution that was aborted at a step.

    `by` is how (a proofs.AbortBy), `where` the place in truth, `seconds` how long the execution took to its end.
    `failed` are the other steps that failed on its way there, of its undo above all.
    """

    step: str
    by: str
    where: str
    status: str
    seconds: float
    outcome: Literal["holds", "restored", "broken"]
    """Steady state held; one more run of the same runbook restored it; neither."""
    detail: str
    execution_id: str = ""
    failed: tuple[str, ...] = ()

    def ended(self, outcome: Literal["holds", "restored", "broken"], detail: str) -> AbortResult:
        return replace(self, outcome=outcome, detail=detail)

    @property
    def passed(self) -> bool:
        return self.outcome != "broken"

    def as_text(self) -> str:
        outcomes = {
            "holds": "steady state holds",
            "restored": f"a second run restored {self.detail}",
            "broken": f"broken: {self.detail}",
        }
        failed = f"; on the way failed {', '.join(self.failed)}" if self.failed else ""
        return f"{self.where}, ended {self.status}{failed}; {outcomes[self.outcome]}"


@dataclass(frozen=True)
class ScenarioResult:
    name: str
    runbook: str
    description: str
    expected_status: str
    status: str
    seconds: float
    run: Run | None
    requests: Requests | None
    second_run: Run | None
    permissions: Permissions | None
    baseline: BaselineResult | None
    checks: tuple[CheckResult, ...]
    aborts: tuple[AbortResult, ...] = ()
    detection: DetectionResult | None = None

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(check.passed for check in self.checks)


@dataclass(frozen=True)
class RehearsalResult:
    """All scenarios of one rehearsal. `checks` are those that belong to no single scenario."""

    started: float
    seconds: float
    variant: dict[str, str]
    phases: tuple[tuple[str, float], ...]
    scenarios: tuple[ScenarioResult, ...]
    checks: tuple[CheckResult, ...]
    roles: tuple[RoleUse, ...] = ()
    tick_seconds: float | None = None

    @property
    def passed(self) -> bool:
        own = all(check.passed for check in self.checks)
        return own and bool(self.scenarios) and all(scenario.passed for scenario in self.scenarios)
