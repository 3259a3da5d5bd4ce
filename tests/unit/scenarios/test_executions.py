from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.scenarios import runs
from rehearsal.scenarios.executions import Event, Executions, StepChange, as_api_parameters
from rehearsal.scenarios.outputs import HostOutput

if TYPE_CHECKING:
    from types import SimpleNamespace


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehearsal.scenarios.executions.POLL_SECONDS", 0)


def plugin(name: str, status: str = "Success", stdout: str = "", stderr: str = "", code: int = 0) -> dict[str, Any]:
    return {
        "PluginName": name,
        "Status": status,
        "ResponseCode": code,
        "StandardOutputContent": stdout,
        "StandardErrorContent": stderr,
    }


def told(events: list[Event]) -> list[tuple[str, ...]]:
    return [
        (event.name, event.status) if isinstance(event, StepChange) else ("output", event.step, event.stdout)
        for event in events
    ]


def test_parameters_become_lists_of_strings() -> None:
    given = {"Name": "shop", "Cidrs": ["10.0.0.0/8"], "Map": {"a": 1}, "On": True, "Number": 3}
    assert as_api_parameters(given) == {
        "Name": ["shop"],
        "Cidrs": ["10.0.0.0/8"],
        "Map": ['{"a":1}'],
        "On": ["true"],
        "Number": ["3"],
    }


def test_each_change_is_told_once_and_what_hosts_wrote_before_the_step_ends(fakes: SimpleNamespace) -> None:
    with_command = {"Outputs": {"CommandId": ["c-1"]}}
    ssm = fakes.ssm(
        fakes.execution("InProgress", fakes.step("check", "InProgress"), fakes.step("act", "Pending")),
        fakes.execution("InProgress", fakes.step("check", "InProgress"), fakes.step("act", "Pending")),
        fakes.execution("InProgress", fakes.step("check", "Success"), fakes.step("act", "InProgress", **with_command)),
        fakes.execution("Success", fakes.step("check", "Success"), fakes.step("act", "Success", **with_command)),
        commands={"c-1": [plugin("restart", stdout="done\n")]},
    )
    events: list[Event] = []
    Executions(fakes.aws(ssm)).follow("e-1", events.append, timeout_seconds=5)
    assert told(events) == [
        ("check", "InProgress"),
        ("check", "Success"),
        ("act", "InProgress"),
        ("output", "act", "done\n"),
        ("act", "Success"),
    ]


def test_a_plugin_that_still_runs_is_not_told_yet(fakes: SimpleNamespace) -> None:
    ssm = fakes.ssm(
        fakes.execution("InProgress", fakes.step("act", "InProgress", Outputs={"CommandId": ["c-1"]})),
        fakes.execution("Cancelled", fakes.step("act", "Cancelled")),
        commands={"c-1": [plugin("restart", status="InProgress")]},
    )
    events: list[Event] = []
    Executions(fakes.aws(ssm)).follow("e-1", events.append, timeout_seconds=5)
    assert told(events) == [("act", "InProgress"), ("act", "Cancelled")]


@pytest.mark.parametrize(("approve", "signals"), [(True, ["Approve"]), (False, [])])
def test_what_waits_to_be_approved_is_approved_once_if_the_scenario_says_so(
    fakes: SimpleNamespace, approve: bool, signals: list[str]
) -> None:
    waiting = {**fakes.step("ask", "Waiting"), "Action": "aws:approve"}
    ssm = fakes.ssm(
        fakes.execution("Waiting", waiting),
        fakes.execution("Waiting", waiting),
        fakes.execution("Success", {**waiting, "StepStatus": "Success"}),
    )
    executions = Executions(fakes.aws(ssm))
    executions.follow("e-1", lambda _: None, timeout_seconds=5, approve=approve)
    assert ssm.signals == signals


def test_an_execution_that_does_not_end_in_time_is_stopped_and_counts_as_timed_out(fakes: SimpleNamespace) -> None:
    ssm = fakes.ssm(fakes.execution("InProgress", fakes.step("act", "InProgress")))
    run = runs.run(Executions(fakes.aws(ssm)), "Example-Restart", {}, tell=lambda _: None, timeout_seconds=-1)
    assert (run.status, ssm.stopped) == ("TimedOut", ["Cancel"])
    assert "did not end" in run.message


def test_an_interruption_stops_the_execution(fakes: SimpleNamespace) -> None:
    def interrupt(_: Event) -> None:
        raise KeyboardInterrupt

    ssm = fakes.ssm(fakes.execution("InProgress", fakes.step("act", "InProgress")))
    with pytest.raises(KeyboardInterrupt):
        runs.run(Executions(fakes.aws(ssm)), "Example-Restart", {}, tell=interrupt)
    assert ssm.stopped == ["Cancel"]


def test_why_it_failed_is_told_whole(fakes: SimpleNamespace) -> None:
    long = "x" * 20_000
    failed = fakes.step("act", "Failed", FailureMessage="Step fails", Outputs={"CommandId": ["c-1"]})
    ssm = fakes.ssm(
        fakes.execution("Failed", fakes.step("check", "Success"), failed, FailureMessage="Step fails"),
        commands={"c-1": [plugin("fetch"), plugin("restart", "Failed", long, "no such unit", 5)]},
    )
    run = runs.run(Executions(fakes.aws(ssm)), "Example-Restart", {}, tell=lambda _: None)
    assert run.status == "Failed"
    assert long in run.message
    assert "restart on i-1 is Failed with exit code 5" in run.message
    assert "no such unit" in run.message
    assert "fetch on i-1" not in run.message


def test_a_runs_steps_have_their_times_and_outputs(fakes: SimpleNamespace) -> None:
    ssm = fakes.ssm(
        fakes.execution(
            "Success", fakes.step("act", "Success", Outputs={"CommandId": ["c-1"]}), fakes.step("undo", "Pending")
        ),
        commands={"c-1": [plugin("restart", stdout="done")]},
    )
    run = runs.run(Executions(fakes.aws(ssm)), "Example-Restart", {}, tell=lambda _: None)
    assert [(step.name, step.seconds) for step in run.steps] == [("act", 2.0), ("undo", None)]
    assert run.steps[0].outputs == (HostOutput("act", "i-1", "restart", "Success", 0, "done", ""),)
