"""The order of a scenario and what makes it fall short; the parts are tested in files of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from rehearsal.scenarios import checks, runner
from rehearsal.scenarios.checks import CheckResult
from rehearsal.scenarios.hosts import HostResult
from rehearsal.scenarios.measure import Sample, measure
from rehearsal.scenarios.model import Expect, Fault, Load, Observation, Probe, Scenario
from rehearsal.scenarios.permissions import Permissions
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.proofs import Abort, Action, Baseline, Detection, HostCommand
from rehearsal.scenarios.results import AbortResult, BaselineResult, Run, ScenarioResult, StepResult
from rehearsal.scenarios.values import Values

UNITS = Observation("units", "host", {"at": "web", "command": "units"})
SETUP, TIDY, ALSO = (Action("host", {"at": "web", "command": name}) for name in ("setup", "tidy", "also"))
T = 1_800_000_000.0
DETECTION = Detection("act", "act", ("shop-Down",), topic=None, notifications=())
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
)


class World:
    """What the runner calls, with the course of events in `done`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.statuses = ["Success"]
        self.ready = [True]
        self.lost_at: list[float] = []
        self.parameters: list[Any] = []
        self.common = SimpleNamespace(probes={"ready": PROBE}, observations={"units": UNITS})
        self.seen = ["nginx active", "nginx active"]
        self.hosts_fail_at = ""
        monkeypatch.setattr(runner, "LoadRun", lambda *_: self)
        monkeypatch.setattr(runner.runs, "run", self.run)
        monkeypatch.setattr(runner, "ask", self.ask)
        monkeypatch.setattr(checks, "ask", self.ask)
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

    @property
    def hosts(self) -> Any:
        def run(at: str, command: str, **_: Any) -> HostResult:
            self.done.append(f"{at}: {command}")
            status = "Failed" if command == self.hosts_fail_at else "Success"
            return HostResult("i-1", status, 0, self.seen.pop(0) if command == "units" else "", "no such unit")

        return SimpleNamespace(run=run)

    def rehearse(self, scenario: Scenario = SCENARIO) -> ScenarioResult:
        surroundings: Any = SimpleNamespace(
            executions=None, aws=None, hosts=self.hosts, common=self.common, values=Values({"stack": "shop"})
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


def test_a_fault_of_the_rehearsal_itself_is_told_whole_and_tidied_up_after(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a count of nothing")

    monkeypatch.setattr(runner, "permissions_of", broken)
    result = world.rehearse(replace(SCENARIO, after=(TIDY,)))
    assert fallen(result) == ["carried out to its end"]
    assert "permissions_of" in next(check.detail for check in result.checks if not check.passed)
    assert "web: tidy" in world.done


def test_the_baseline_comes_last_and_must_leave_steady_state(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    baseline = Baseline("the old way", (HostCommand("web", "systemctl restart x"),))

    def run_baseline(*_: Any) -> BaselineResult:
        world.done.append("baseline")
        return BaselineResult("the old way", "systemctl restart x", T, 1, measure([]))

    monkeypatch.setattr(runner, "run_baseline", run_baseline)
    world.ready = [True, True, False]
    result = world.rehearse(replace(SCENARIO, baseline=baseline))
    assert world.done[-2:] == ["baseline", "ask ready"]
    assert fallen(result) == ["after the baseline: ready"]


def test_what_comes_before_is_done_first_and_what_comes_after_last(world: World) -> None:
    scenario = replace(SCENARIO, before=(SETUP,), after=(TIDY, ALSO), expect=Expect("Success"), load=None)
    assert world.rehearse(scenario).passed
    assert world.done == ["web: setup", "ask ready", "run", "ask ready", "web: tidy", "web: also", "ask ready"]


def test_a_failure_beforehand_keeps_the_run_from_starting_and_is_tidied_up_all_the_same(world: World) -> None:
    world.hosts_fail_at = "setup"
    result = world.rehearse(replace(SCENARIO, before=(SETUP,), after=(TIDY,)))
    assert world.done == ["web: setup", "web: tidy", "ask ready"]
    assert fallen(result) == ["carried out to its end"]
    assert "`setup` on web is Failed: no such unit" in next(check.detail for check in result.checks if not check.passed)


def test_one_failure_in_tidying_up_does_not_keep_the_rest_from_it(world: World) -> None:
    world.hosts_fail_at = "tidy"
    assert fallen(world.rehearse(replace(SCENARIO, after=(TIDY, ALSO)))) == ["tidied up"]
    assert "web: also" in world.done


def test_what_the_second_run_must_not_change_is_looked_at_around_it_alone(world: World) -> None:
    assert world.rehearse(replace(SCENARIO, unchanged=("units",))).passed
    assert world.done[-3:] == ["web: units", "run", "web: units"]


def test_what_the_second_run_changed_is_shown(world: World) -> None:
    world.seen = ["mysql active\nnginx active", "mysql active\nnginx failed"]
    result = world.rehearse(replace(SCENARIO, unchanged=("units",)))
    [check] = [check for check in result.checks if not check.passed]
    assert (check.name, check.detail) == ("unchanged: units", "-nginx active\n+nginx failed")


def test_each_fault_is_injected_judged_by_its_own_expectation_and_mended(world: World) -> None:
    world.statuses = ["Success", "Success", "Failed"]
    fault = Fault("nginx is down", (SETUP,), (TIDY,), Expect("Failed", message={"contains": "why"}))
    assert world.rehearse(replace(SCENARIO, faults=(fault,))).passed
    assert world.done[-4:] == ["web: setup", "run", "web: tidy", "ask ready"]


def test_a_fault_that_cannot_be_injected_is_mended_and_named(world: World) -> None:
    world.hosts_fail_at = "setup"
    fault = Fault("nginx is down", (SETUP,), (TIDY,), Expect("Success"))
    assert fallen(world.rehearse(replace(SCENARIO, faults=(fault,)))) == ["nginx is down: carried out to its end"]
    assert world.done[-3:] == ["web: setup", "web: tidy", "ask ready"]


class Watch:
    """A DetectionWatch whose alarms are as `well` says beforehand, and notice the fault or not."""

    def __init__(self, world: World, *, well: bool, noticed: bool) -> None:
        self.world, self.well, self.noticed = world, well, noticed

    def __enter__(self) -> Self:
        self.world.done.append("watch")
        return self

    def __exit__(self, *_: object) -> None:
        self.world.done.append("watch ends")

    def wait_until_well(self) -> CheckResult:
        return CheckResult("alarms are OK before the run", self.well, "")

    def result(self, run: Run) -> str:
        self.world.done.append(f"alarms of {run.execution_id}")
        return "what the alarms did"

    def judge(self, result: str) -> list[CheckResult]:
        assert result == "what the alarms did"
        return [CheckResult("detected", self.noticed, "")]


@pytest.mark.parametrize(("noticed", "fell"), [(True, []), (False, ["detected"])])
def test_alarms_are_watched_from_before_the_load_until_they_are_well_again(
    world: World, monkeypatch: pytest.MonkeyPatch, noticed: bool, fell: list[str]
) -> None:
    monkeypatch.setattr(runner, "DetectionWatch", lambda *_: Watch(world, well=True, noticed=noticed))
    result = world.rehearse(replace(SCENARIO, detection=DETECTION, expect=Expect("Success")))
    assert world.done == [
        "ask ready", "watch", "load", "run", "load ends", "alarms of e-1", "watch ends", "ask ready",
    ]  # fmt: skip
    assert fallen(result) == fell
    assert result.detection == "what the alarms did"  # type: ignore[comparison-overlap] # the stand-in's


def test_nothing_is_broken_while_an_alarm_is_not_well(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "DetectionWatch", lambda *_: Watch(world, well=False, noticed=True))
    result = world.rehearse(replace(SCENARIO, detection=DETECTION))
    assert "run" not in world.done
    assert fallen(result) == ["alarms are OK before the run"]


def test_each_abort_is_a_check_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    aborts = [
        AbortResult("act", "stop", "stopped at act", "Cancelled", 1, "holds", ""),
        AbortResult("act", "kill-agent", "the agent was killed on web at act", "Failed", 1, "broken", "ready: 503"),
    ]

    def show(proof: Any, abort: Abort, execution_id: str) -> list[AbortResult]:
        assert proof.parameters == {"StackName": "shop", "DurationSeconds": "10"}
        assert (abort.by, execution_id) == (("stop", "kill-agent"), "e-1")
        return aborts

    monkeypatch.setattr(runner.AbortProof, "show", show)
    abort = Abort(("stop", "kill-agent"), parameters={"DurationSeconds": "10"})
    result = world.rehearse(replace(SCENARIO, abort=abort))
    assert result.aborts == tuple(aborts)
    assert fallen(result) == ["its agent killed at act"]


@pytest.mark.parametrize(("expected", "fell"), [((), ["nothing was denied"]), (("s3:GetObject",), [])])
def test_what_is_denied_falls_short_unless_the_scenario_is_about_it(
    world: World, monkeypatch: pytest.MonkeyPatch, expected: tuple[str, ...], fell: list[str]
) -> None:
    permissions = Permissions("arn:aws:iam::1:role/operate", (), (), ("s3:GetObject: not authorized",))
    monkeypatch.setattr(runner, "permissions_of", lambda *_: permissions)
    assert fallen(world.rehearse(replace(SCENARIO, expect=Expect("Success", denied=expected)))) == fell
