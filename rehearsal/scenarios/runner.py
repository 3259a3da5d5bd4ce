"""Carries a scenario out: the state before, the run under load, the state after, and what else its file wants shown."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.scenarios import runs
from rehearsal.scenarios.abort import AbortProof
from rehearsal.scenarios.actions import Actions
from rehearsal.scenarios.baseline import run_baseline
from rehearsal.scenarios.checks import CheckResult, ask, ask_all
from rehearsal.scenarios.detection import DetectionResult, DetectionWatch
from rehearsal.scenarios.expectations import judge_loss, judge_run
from rehearsal.scenarios.faults import FaultProof
from rehearsal.scenarios.load import LoadRun
from rehearsal.scenarios.measure import Requests, measure
from rehearsal.scenarios.observations import compare, observe
from rehearsal.scenarios.permissions import Permissions, permissions_of
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.results import AbortResult, BaselineResult, Run, ScenarioResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.scenarios.executions import Event
    from rehearsal.scenarios.model import Load, Scenario
    from rehearsal.scenarios.proofs import Abort, Detection
    from rehearsal.scenarios.surroundings import Surroundings


@dataclass(frozen=True)
class Narrator:
    """Where the runner says what it does: stages as text, and the events of runs."""

    stage: Callable[[str], None]
    event: Callable[[Event], None]


@dataclass
class _Progress:
    """What has been shown so far; a scenario that breaks off keeps it."""

    checks: list[CheckResult] = field(default_factory=list)
    run: Run | None = None
    requests: Requests | None = None
    second_run: Run | None = None
    permissions: Permissions | None = None
    baseline: BaselineResult | None = None
    aborts: list[AbortResult] = field(default_factory=list)
    detection: DetectionResult | None = None


class ScenarioRunner:
    def __init__(self, scenario: Scenario, surroundings: Surroundings, narrator: Narrator) -> None:
        self._scenario = scenario
        self._surroundings = surroundings
        self._narrator = narrator
        self._actions = Actions(surroundings, narrator.event)
        self._parameters: dict[str, Any] = {}
        self._probes = [surroundings.common.probes[name] for name in scenario.steady_state]
        self._shown = _Progress()

    def run(self) -> ScenarioResult:
        """What the scenario showed. A scenario that cannot be carried out falls short; it raises nothing of its own."""
        started = time.monotonic()
        try:
            self._carry_out()
        except (ScenarioError, ClientError, BotoCoreError, TimeoutError) as problem:
            self._note("carried out to its end", passed=False, detail=str(problem))
        except Exception as problem:  # noqa: BLE001 - a fault of the rehearsal itself must not cost the other scenarios' report
            trace = "".join(traceback.format_exception(problem))
            self._note("carried out to its end", passed=False, detail=f"a fault of the rehearsal itself: {trace}")
        finally:
            self._tidy_up()
        scenario, shown = self._scenario, self._shown
        return ScenarioResult(
            name=scenario.name,
            runbook=scenario.runbook,
            description=scenario.description,
            expected_status=scenario.expect.status,
            status=shown.run.status if shown.run else "not started",
            seconds=round(time.monotonic() - started, 2),
            run=shown.run,
            requests=shown.requests,
            second_run=shown.second_run,
            permissions=shown.permissions,
            baseline=shown.baseline,
            checks=tuple(shown.checks),
            aborts=tuple(shown.aborts),
            detection=shown.detection,
        )

    def _carry_out(self) -> None:
        if self._scenario.before:
            self._narrator.stage("what has to be there first")
            self._actions.do(self._scenario.before)
        self._parameters = self._actions.fill(self._scenario.parameters)
        if not self._steady_state("before"):
            return  # what follows would measure something else than the runbook
        if self._scenario.detection:
            if not self._run_and_detect(self._scenario.detection):
                return
        else:
            self._run_under_load()
        self._steady_state("after")
        if self._scenario.checks:
            self._narrator.stage("checks")
            self._shown.checks += ask_all(self._scenario.checks, self._surroundings)
        if self._scenario.expect.second_run_status:
            self._run_again(self._scenario.expect.second_run_status)
        self._look_at_permissions()
        if self._scenario.faults:
            self._inject_faults()
        if self._scenario.abort and self._shown.run:
            self._abort(self._scenario.abort, self._shown.run)
        if self._scenario.baseline:
            self._measure_baseline()

    def _steady_state(self, when: str) -> bool:
        self._narrator.stage(f"steady state {when}")
        results = [ask(probe, self._surroundings) for probe in self._probes]
        for result in results:
            self._note(f"{when}: {result.name}", passed=result.passed, detail=result.detail)
        return all(result.passed for result in results)

    def _run_under_load(self) -> None:
        scenario, expect = self._scenario, self._scenario.expect
        if scenario.load is None:
            self._narrator.stage("run")
            run = self._start()
        else:
            self._narrator.stage(f"run under {scenario.load.requests_per_second} requests a second")
            run = self._start_under(scenario.load)
        self._shown.checks += judge_run(expect, run)
        if self._shown.requests and expect.requests_lost is not None:
            self._shown.checks += judge_loss(self._shown.requests, expect.requests_lost)

    def _run_and_detect(self, detection: Detection) -> bool:
        """Whether the alarms were well beforehand; without that, nothing is run."""
        with DetectionWatch(detection, self._surroundings) as watch:
            self._narrator.stage("waiting until the alarms are well")
            well = watch.wait_until_well()
            self._shown.checks.append(well)
            if not well.passed:
                return False
            self._run_under_load()
            if self._shown.run:
                self._narrator.stage("waiting until the alarms have noticed, and are well again")
                self._shown.detection = result = watch.result(self._shown.run)
                self._shown.checks += watch.judge(result)
        return True

    def _start_under(self, load: Load) -> Run:
        under_load = LoadRun(load, self._surroundings)
        try:
            under_load.wait_until_flowing()
            run = self._start()
            samples = under_load.finish()
        finally:
            under_load.cancel()
        self._shown.requests = measure(samples)
        before = measure([sample for sample in samples if sample.started < run.started])
        # Otherwise a machine that is too small or too busy would show as a fault of the runbook.
        detail = f"{before.lost} of {before.sent} lost, 99 % within {before.p99_ms or 0:.0f} ms"
        self._note("the load is carried before the run", passed=before.lost == 0, detail=detail)
        return run

    def _start(self) -> Run:
        executions = self._surroundings.executions
        scenario = self._scenario
        run = runs.run(
            executions, scenario.runbook, self._parameters, tell=self._narrator.event, approve=scenario.approve
        )
        # The first one is the scenario's, and stays when what follows breaks off.
        self._shown.run = self._shown.run or run
        return run

    def _run_again(self, wanted: str) -> None:
        observations = [self._surroundings.common.observations[name] for name in self._scenario.unchanged]
        before = observe(observations, self._surroundings)
        self._narrator.stage("second run")
        self._shown.second_run = second = self._start()
        self._note(f"second run ends {wanted}", passed=second.status == wanted, detail=second.message or second.status)
        self._shown.checks += compare(before, observe(observations, self._surroundings))

    def _inject_faults(self) -> None:
        proof = FaultProof(self._scenario.runbook, self._parameters, self._probes, self._actions)
        for fault in self._scenario.faults:
            self._narrator.stage(f"fault: {fault.name}")
            self._shown.checks += proof.show(fault)

    def _tidy_up(self) -> None:
        """What the file wants done afterwards, whatever became of the rest; steady state must hold then."""
        if not self._scenario.after:
            return
        self._narrator.stage("what has to be done afterwards")
        problems = self._actions.do_all(self._scenario.after)
        self._note("tidied up", passed=not problems, detail="; ".join(problems))
        self._steady_state("at the end")

    def _look_at_permissions(self) -> None:
        if self._shown.run is None:
            return
        self._shown.permissions = permissions = permissions_of(self._surroundings.aws, self._shown.run.execution_id)
        if permissions:
            expected = self._scenario.expect.denied
            denied = [
                text for text in permissions.denied if not text.startswith(tuple(f"{each}:" for each in expected))
            ]
            detail = "; ".join(denied) or f"{len(permissions.used)} actions used by {permissions.role}"
            self._note("nothing was denied", passed=not denied, detail=detail)

    def _abort(self, abort: Abort, run: Run) -> None:
        ways = {"stop": "stopped", "kill-agent": "its agent killed"}
        self._narrator.stage(f"aborted at each step in turn: {' and '.join(ways[by] for by in abort.by)}")
        parameters = {**self._parameters, **self._actions.fill(abort.parameters)}
        proof = AbortProof(
            self._scenario.runbook, parameters, self._probes, self._actions, approve=self._scenario.approve
        )
        for result in proof.show(abort, run.execution_id):
            self._shown.aborts.append(result)
            self._narrator.stage(f"  {ways[result.by]} at {result.step}: {result.outcome}, {result.seconds:.1f} s")
            self._note(f"{ways[result.by]} at {result.step}", passed=result.passed, detail=result.as_text())

    def _measure_baseline(self) -> None:
        baseline, load = self._scenario.baseline, self._scenario.load
        if baseline is None or load is None:  # the schema wants a load beside a baseline
            return
        self._narrator.stage("baseline: the former commands under the same load")
        self._shown.baseline = run_baseline(baseline, load, self._surroundings)
        self._steady_state("after the baseline")

    def _note(self, name: str, *, passed: bool, detail: str) -> None:
        self._shown.checks.append(CheckResult(name, passed, detail))
