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
from rehearsal.scenarios.permissions import RoleUse, judge_roles, roles_of
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
    """What scenarios are run with. `started`, in epoch seconds, is when the whole job began.

    `is_full` is whether they are all there are: only then is a grant that none of them used one that nothing needs.
    """

    settings: Settings
    up: Up
    common: Common
    progress: Progress
    started: float
    is_full: bool = False

    def run(self, scenarios: Sequence[Scenario]) -> RehearsalResult:
        surroundings = surroundings_of(self.settings, self.up.state, self.common)
        results = [self._one(scenario, surroundings) for scenario in scenarios]
        with self.progress.phase("Searching for secrets where they must not be"):
            checks = self._search_secrets(surroundings, self._result(results))
        roles: list[RoleUse] = []
        if self.is_full:
            with self.progress.phase("Looking at what the roles were used for"):
                roles, judged = self._look_at_roles(surroundings, scenarios)
                checks += judged
        with self.progress.phase("Waiting for the AWS CLI's own word on the deployments"):
            self.up.confirm()
        return self._result(results, checks, roles, surroundings.tick_seconds)

    def _result(
        self,
        results: Sequence[ScenarioResult],
        checks: Sequence[CheckResult] = (),
        roles: Sequence[RoleUse] = (),
        tick_seconds: float | None = None,
    ) -> RehearsalResult:
        return RehearsalResult(
            started=self.started,
            seconds=round(time.time() - self.started, 1),
            variant=dict(self.up.state.variant),
            phases=tuple(self.progress.phases),
            scenarios=tuple(results),
            checks=tuple(checks),
            roles=tuple(roles),
            tick_seconds=tick_seconds,
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

    def _look_at_roles(
        self, surroundings: Surroundings, scenarios: Sequence[Scenario]
    ) -> tuple[list[RoleUse], list[CheckResult]]:
        """Every runbook ran, and each way of its scenarios: nothing may be left over, and nothing was missing."""
        expected = {action for scenario in scenarios for action in scenario.expect.denied}
        stacks = [stack.name for stack in self.settings.stacks]
        try:
            roles = roles_of(surroundings.aws, stacks, expected=expected)
        except (ScenarioError, ClientError, BotoCoreError) as problem:
            return [], [CheckResult("roles are used as granted", passed=False, detail=f"not to be seen: {problem}")]
        return roles, judge_roles(roles)

    def _search_secrets(self, surroundings: Surroundings, so_far: RehearsalResult) -> list[CheckResult]:
        """Look in what the account and the hosts have on record, and in what the rehearsal has written itself."""
        files = [self.settings.state_folder / LOG_FILE, *(stack.template for stack in self.settings.stacks)]
        texts = {**texts_of(so_far), **files_as_texts(files)}
        try:
            return search(surroundings, stacks=[stack.name for stack in self.settings.stacks], texts=texts)
        except (ScenarioError, ClientError, BotoCoreError) as problem:
            return [CheckResult("secrets show nowhere", passed=False, detail=f"could not be searched for: {problem}")]
