"""Rehearses scenarios on a rehearsal that is up."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.cli.narrate import tell_step
from rehearsal.cli.report import texts_of
from rehearsal.cli.surroundings import surroundings_of
from rehearsal.daemon.launch import LOG_FILE
from rehearsal.scenarios.checks import CheckResult
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.results import RehearsalResult, ScenarioResult
from rehearsal.scenarios.runner import Narrator, ScenarioRunner
from rehearsal.scenarios.secret_search import files_as_texts, search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rehearsal.cli.bring_up import Up
    from rehearsal.cli.progress import Progress
    from rehearsal.scenarios.model import Common, Scenario
    from rehearsal.scenarios.surroundings import Surroundings
    from rehearsal.settings import Settings


@dataclass(frozen=True)
class MainJob:
    """What scenarios are run with. `started`, in epoch seconds, is when the whole job began."""

    settings: Settings
    up: Up
    common: Common
    progress: Progress
    started: float

    def run(self, scenarios: Sequence[Scenario]) -> RehearsalResult:
        surroundings = surroundings_of(self.settings, self.up.state, self.common)
        results = [self._one(scenario, surroundings) for scenario in scenarios]
        with self.progress.phase("Searching for secrets where they must not be"):
            checks = self._search_secrets(surroundings, self._result(results))
        with self.progress.phase("Waiting for the AWS CLI's own word on the deployments"):
            self.up.confirm()
        return self._result(results, checks)

    def _result(self, results: Sequence[ScenarioResult], checks: Sequence[CheckResult] = ()) -> RehearsalResult:
        return RehearsalResult(
            started=self.started,
            seconds=round(time.time() - self.started, 1),
            variant=dict(self.up.state.variant),
            phases=tuple(self.progress.phases),
            scenarios=tuple(results),
            checks=tuple(checks),
        )

    def _one(self, scenario: Scenario, surroundings: Surroundings) -> ScenarioResult:
        with self.progress.phase(f"Scenario {scenario.name}: {scenario.runbook}") as phase:
            narrator = Narrator(stage=self.progress.line, event=lambda event: tell_step(self.progress, event))
            result = ScenarioRunner(scenario, surroundings, narrator).run()
            for check in result.checks:
                if not check.passed:
                    phase.fell_short = True
                    self.progress.block(f"fell short: {check.name}: {check.detail}")
        return result

    def _search_secrets(self, surroundings: Surroundings, so_far: RehearsalResult) -> list[CheckResult]:
        """Look in what the account and the hosts have on record, and in what the rehearsal has written itself."""
        files = [self.settings.state_folder / LOG_FILE, *(stack.template for stack in self.settings.stacks)]
        texts = {**texts_of(so_far), **files_as_texts(files)}
        try:
            return search(surroundings, stacks=[stack.name for stack in self.settings.stacks], texts=texts)
        except (ScenarioError, ClientError, BotoCoreError) as problem:
            return [CheckResult("secrets show nowhere", passed=False, detail=f"could not be searched for: {problem}")]
