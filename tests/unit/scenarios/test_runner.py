"""The order of a scenario and what makes it fall short; the parts are tested in files of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.scenarios import runner
from rehearsal.scenarios.checks import CheckResult
from rehearsal.scenarios.measure import Sample, measure
from rehearsal.scenarios.model import Baseline, Expect, Load, Probe, Scenario
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.results import BaselineResult, Run, ScenarioResult, StepResult
from rehearsal.scenarios.values import Values

T = 1_800_000_000.0
PROBE = Probe("ready", "http", {"url": "https://a/"}, 0)
SCENARIO = Scenario(
    name="restart",
    path=Path("restart.yaml"),
    runbook="Example-Restart",
    description="Restarting loses nothing.",
    parameters={"StackName": "{{ stack }}"},
    steady_state=("ready",),
    load=Load(200, ("/",)),
    expect=Expect("Success", requests_lost=0, second_run_status="Success"),
    checks=(),
    abort_at_every_step=False,
    baseline=None,
)


class World:
    """What the runner calls, with the course of events in `done`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.statuses = ["Success"]
        self.ready = [True]
        self.lost_at: list[float] = []
        self.parameters: list[Any] = []
        monkeypatch.setattr(runner, "LoadRun", lambda *_: self)
        monkeypatch.setattr(runner.runs, "run", self.run)
        monkeypatch.setattr(runner, "ask", self.ask)
        monkeypatch.setattr(runner, "permissions_of", lambda *_: None)

    def run(self, _: Any, __: str, parameters: Any, **___: Any) -> Run:
        self.done.append("run")
        self.parameters.append(parameters)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        step = StepResult("act", "aws:runCommand", status, T + 3, T + 4, "", ())
        return Run(f"e-{len(self.parameters)}", status, T + 3, 1.0, "" if status == "Success" else "why", (step,))

    def ask(self, probe: Probe, _: Any) -> CheckResult:
        self.done.append(f"ask {probe.name}")
        passed = self.ready.pop(0) if len(self.ready) > 1 else self.ready[0]
        return CheckResult(probe.name, passed, "" if passed else "503")

    def wait_until_flowing(self) -> None:
        self.done.append("load")

    def finish(self) -> list[Sample]:
        self.done.append("load ends")
        lost = [Sample(T + offset, "/", False, 502, 1, "HTTP 502") for offset in self.lost_at]
        return [Sample(T + offset, "/", False, 200, 5, "") for offset in range(8)] + lost

    def cancel(self) -> None:
        pass

    def rehearse(self, scenario: Scenario = SCENARIO) -> ScenarioResult:
        surroundings: Any = SimpleNamespace(
            executions=None, aws=None, common=SimpleNamespace(probes={"ready": PROBE}), values=Values({"stack": "shop"})
        )
        narrator = runner.Narrator(stage=lambda _: None, event=lambda _: None)
        return runner.ScenarioRunner(scenario, surroundings, narrator).run()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def fallen(result: ScenarioResult) -> list[str]:
    return [check.name for check in result.checks if not check.passed]


def test_the_load_flows_before_the_run_and_ends_after_it(world: World) -> None:
    result = world.rehearse()
    assert result.passed
    assert world.done == ["ask ready", "load", "run", "load ends", "ask ready", "run"]
    assert world.parameters == [{"StackName": "shop"}] * 2
    assert (result.run and result.run.execution_id, result.second_run and result.second_run.execution_id) == (
        "e-1",
        "e-2",
    )


def test_without_steady_state_nothing_is_run(world: World) -> None:
    world.ready = [False]
    result = world.rehearse()
    assert world.done == ["ask ready"]
    assert (result.status, fallen(result)) == ("not started", ["before: ready"])


def test_a_request_that_is_lost_during_the_run_falls_short(world: World) -> None:
    world.lost_at = [3.5]
    assert fallen(world.rehearse()) == ["loses at most 0 requests"]


def test_a_request_that_is_lost_before_the_run_is_said_to_be(world: World) -> None:
    world.lost_at = [1.5]
    assert fallen(world.rehearse()) == ["the load is carried before the run", "loses at most 0 requests"]


def test_another_status_than_expected_falls_short_with_its_reason(world: World) -> None:
    world.statuses = ["Failed", "Success"]
    result = world.rehearse()
    [check] = [check for check in result.checks if not check.passed]
    assert (check.name, check.detail) == ("ends Success", "why")


def test_a_failure_that_is_expected_passes(world: World) -> None:
    world.statuses = ["Failed"]
    expect = Expect("Failed", requests_lost=0, second_run_status="Failed")
    assert world.rehearse(replace(SCENARIO, expect=expect)).passed


def test_a_second_run_that_ends_otherwise_falls_short(world: World) -> None:
    world.statuses = ["Success", "Failed"]
    assert fallen(world.rehearse()) == ["second run ends Success"]


def test_steady_state_that_is_lost_falls_short(world: World) -> None:
    world.ready = [True, False]
    assert fallen(world.rehearse()) == ["after: ready"]


def test_what_breaks_off_keeps_what_was_shown_until_then(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ScenarioError("the worker ended early")

    monkeypatch.setattr(world, "finish", broken)
    result = world.rehearse()
    assert fallen(result) == ["carried out to its end"]
    assert result.checks[-1].detail == "the worker ended early"
    assert result.status == "Success"


def test_the_baseline_comes_last_and_must_leave_steady_state(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    baseline = Baseline("the old way", "web", "systemctl restart x")

    def run_baseline(*_: Any) -> BaselineResult:
        world.done.append("baseline")
        return BaselineResult("the old way", "systemctl restart x", T, 1, measure([]))

    monkeypatch.setattr(runner, "run_baseline", run_baseline)
    world.ready = [True, True, False]
    result = world.rehearse(replace(SCENARIO, baseline=baseline))
    assert world.done[-2:] == ["baseline", "ask ready"]
    assert fallen(result) == ["after the baseline: ready"]
