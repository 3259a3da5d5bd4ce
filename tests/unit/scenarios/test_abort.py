"""Aborting at each step: what is aborted, how, and what is made of what is found afterwards."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.scenarios.abort import AbortProof
from rehearsal.scenarios.actions import Actions
from rehearsal.scenarios.executions import Executions
from rehearsal.scenarios.hosts import HostResult
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.proofs import Abort, Action
from rehearsal.scenarios.values import Values

COMMAND = {"Outputs": {"CommandId": ["c-1"]}}
STOP = Abort()
BOTH = Abort(by=("stop", "kill-agent"))
KILL = Abort(by=("kill-agent",))


class FakeHosts:
    """One host, whose agent is started again each time that it is killed."""

    def __init__(self) -> None:
        self.restarts = 3
        self.sent: list[str] = []
        self.done: list[str] = []
        self.is_immortal = False
        self.on_kill: Any = lambda: None

    def all(self) -> list[tuple[str, str]]:
        return [("web", "i-1")]

    def send(self, instance: str, command: str) -> str:
        assert instance == "i-1"
        self.sent.append(command)
        self.restarts += not self.is_immortal
        self.on_kill()
        return "c-kill"

    def run_on(self, instance: str, _: str) -> HostResult:
        return HostResult(instance, "Success", 0, f"{self.restarts}\n", "")

    def run(self, at: str, command: str, **_: Any) -> HostResult:
        self.done.append(f"{at}: {command}")
        return HostResult("i-1", "Success", 0, "", "")


class World:
    def __init__(self, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("rehearsal.scenarios.executions.POLL_SECONDS", 0)
        monkeypatch.setattr("rehearsal.scenarios.abort.POLL_SECONDS", 0)
        monkeypatch.setattr("rehearsal.scenarios.abort.ask_all", self.ask_all)
        self.fakes = fakes
        self.hosts = FakeHosts()
        self.broken: list[bool] = [False]
        self.ssm = fakes.ssm(self.running("act"), commands={"c-1": [{"PluginName": "restart", "Status": "Success"}]})
        self.unit: str | None = "agent.service"
        self.approve = False

    def running(self, name: str, **more: Any) -> dict[str, Any]:
        state: dict[str, Any] = self.fakes.execution("InProgress", self.fakes.step(name, "InProgress", **more))
        return state

    def ask_all(self, *_: object) -> list[SimpleNamespace]:
        broken = self.broken.pop(0) if len(self.broken) > 1 else self.broken[0]
        return [SimpleNamespace(name="ready", passed=not broken, detail="503")]

    def abort(self, abort: Abort = STOP, *, first: dict[str, Any] | None = None) -> list[Any]:
        """`first` is the execution that was left alone; those that are aborted are `ssm`'s."""
        aws = self.fakes.aws(self.ssm)
        surroundings: Any = SimpleNamespace(
            aws=aws,
            executions=Executions(aws),
            hosts=self.hosts,
            common=SimpleNamespace(agent_unit=self.unit),
            values=Values({}),
        )
        actions = Actions(surroundings, lambda _: None)
        whole = first or self.fakes.execution("Success", self.fakes.step("act", "Success", **COMMAND))
        self.ssm.states.insert(0, whole)
        return list(AbortProof("Example-Restart", {}, [], actions, approve=self.approve).show(abort, "e-0"))


@pytest.fixture
def world(fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(fakes, monkeypatch)


def test_stopping_where_steady_state_holds_passes(world: World) -> None:
    [result] = world.abort()
    assert (result.passed, result.outcome) == (True, "holds")
    assert result.as_text() == "stopped at act, ended Cancelled; steady state holds"
    assert world.ssm.stopped == ["Cancel"]


def test_what_a_second_run_restores_passes_and_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(**request: Any) -> dict[str, Any]:
        world.ssm.started.append(request)
        if len(world.ssm.started) == 2:
            world.ssm.states = [world.fakes.execution("Success", world.fakes.step("act", "Success"))]
        return {"AutomationExecutionId": "e-1"}

    monkeypatch.setattr(world.ssm, "start_automation_execution", start)
    world.broken = [True, False]
    [result] = world.abort()
    assert (result.passed, result.outcome) == (True, "restored")
    assert "a second run restored ready" in result.as_text()


def test_what_stays_broken_falls_short(world: World) -> None:
    world.broken = [True]
    [result] = world.abort()
    assert not result.passed
    assert "ready: 503" in result.as_text()


def test_a_step_that_ended_too_soon_is_said_to_have_ended(world: World) -> None:
    world.ssm.states = [world.fakes.execution("Success", world.fakes.step("act", "Success"))]
    [result] = world.abort()
    assert result.as_text().startswith("it ended before it could be aborted")
    assert world.ssm.stopped == []


def test_the_agent_is_killed_with_all_that_runs_under_it_once_the_step_has_a_command_there(world: World) -> None:
    failed = world.fakes.execution("Failed", world.fakes.step("act", "Failed", **COMMAND))
    world.ssm.states = [world.running("act"), world.running("act", **COMMAND)]

    def crash() -> None:
        world.ssm.states = [failed]
        world.ssm.commands["c-1"][0]["Status"] = "Failed"

    world.hosts.on_kill = crash
    [result] = world.abort(KILL)
    assert result.where == "the agent was killed on web while its command ran"
    assert (result.status, result.outcome) == ("Failed", "holds")
    [command] = world.hosts.sent
    assert "systemctl kill --kill-whom=all --signal=KILL agent.service" in command
    assert world.ssm.stopped == []


def test_a_kill_that_comes_after_the_command_says_so(world: World) -> None:
    world.hosts.on_kill = lambda: setattr(world.ssm, "states", [world.fakes.execution("Success")])
    world.ssm.states = [world.running("act", **COMMAND)]
    [result] = world.abort(KILL)
    assert result.where == "the agent was killed on web when its command had ended"


def test_a_step_of_the_undo_that_fails_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = [world.fakes.step("act", "Failed"), world.fakes.step("undo", "TimedOut")]

    def stop(**_: Any) -> None:
        world.ssm.states = [world.fakes.execution("Cancelled", *ended)]

    monkeypatch.setattr(world.ssm, "stop_automation_execution", stop)
    [result] = world.abort()
    assert (result.failed, result.execution_id) == (("undo",), "e-1")
    assert "ended Cancelled; on the way failed undo; steady state holds" in result.as_text()


def test_an_agent_that_was_not_started_again_was_not_killed(world: World) -> None:
    world.hosts.is_immortal = True
    world.hosts.on_kill = lambda: setattr(world.ssm, "states", [world.fakes.execution("Success")])
    world.ssm.states = [world.running("act", **COMMAND)]
    [result] = world.abort(KILL)
    assert not result.passed
    assert "the agent of i-1 was not killed: it was started again 3 times, and 3 before" in result.detail


def test_a_step_without_a_command_on_a_host_is_only_stopped(world: World) -> None:
    steps = [world.fakes.step("ask", "Success"), world.fakes.step("act", "Success", **COMMAND)]
    whole = world.fakes.execution("Success", *steps, world.fakes.step("undo", "Pending"))
    world.ssm.states = [world.fakes.execution("Success", *steps)]
    assert [(result.step, result.by) for result in world.abort(BOTH, first=whole)] == [
        ("ask", "stop"),
        ("act", "stop"),
        ("act", "kill-agent"),
    ]


def test_what_a_child_runbook_sends_counts_as_its_steps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    child = world.fakes.execution("Success", world.fakes.step("inner", "Success", **COMMAND))
    parent = world.fakes.execution("Success", world.fakes.step("call", "Success", Outputs={"ExecutionId": ["e-child"]}))
    monkeypatch.setattr(
        world.ssm,
        "get_automation_execution",
        lambda AutomationExecutionId: {"AutomationExecution": child if "child" in AutomationExecutionId else parent},  # noqa: N803 - boto3's
    )
    assert [result.by for result in world.abort(BOTH)] == ["stop", "kill-agent"]


def test_an_execution_that_does_not_end_is_stopped_and_falls_short(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.scenarios.abort.END_SECONDS", -1)
    [result] = world.abort(KILL)
    assert (result.passed, world.ssm.stopped) == (False, ["Cancel"])
    assert "still InProgress" in result.detail


@pytest.mark.parametrize("problem", [ScenarioError("no such host"), KeyboardInterrupt()])
def test_what_breaks_an_abort_off_leaves_no_execution_running(world: World, problem: BaseException) -> None:
    def break_off() -> None:
        raise problem

    world.hosts.on_kill = break_off
    world.ssm.states = [world.running("act", **COMMAND)]
    with pytest.raises(type(problem)):
        world.abort(KILL)
    assert world.ssm.stopped == ["Cancel"]


def test_what_has_to_be_there_first_is_done_ahead_of_each(world: World) -> None:
    world.ssm.states = [world.fakes.execution("Success", world.fakes.step("act", "Success", **COMMAND))]
    before = (Action("host", {"at": "web", "command": "back to the former release"}),)
    world.abort(Abort(("stop", "kill-agent"), before))
    assert world.hosts.done == ["web: back to the former release"] * 2


def test_without_a_unit_there_is_nothing_to_kill(world: World) -> None:
    world.unit = None
    with pytest.raises(ScenarioError, match="agent_unit"):
        world.abort(KILL)


def test_an_approval_is_given_once_where_the_scenario_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    signals: list[str] = []
    waiting = {**world.fakes.step("ask", "Waiting"), "Action": "aws:approve"}
    world.approve = True
    world.ssm.states = [
        world.fakes.execution("InProgress", waiting, world.fakes.step("act", "Pending")),
        world.fakes.execution("InProgress", waiting, world.fakes.step("act", "Pending")),
        world.running("act"),
    ]
    monkeypatch.setattr(
        world.ssm, "send_automation_signal", lambda **signal: signals.append(signal["SignalType"]), raising=False
    )
    [result] = world.abort()
    assert result.where == "stopped at act"
    assert signals == ["Approve"]
