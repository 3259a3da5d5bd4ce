"""What a scenario showed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.scenarios.checks import CheckResult
    from rehearsal.scenarios.measure import Requests
    from rehearsal.scenarios.outputs import HostOutput
    from rehearsal.scenarios.permissions import Permissions


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
    """The former commands under the same load: when the command ran, in epoch seconds, and what it wrote."""

    description: str
    command: str
    started: float
    seconds: float
    requests: Requests


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

    @property
    def passed(self) -> bool:
        own = all(check.passed for check in self.checks)
        return own and bool(self.scenarios) and all(scenario.passed for scenario in self.scenarios)
