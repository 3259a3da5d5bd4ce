"""The former commands: what is put up for them, and that it is taken down whatever happens."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.scenarios import baseline
from rehearsal.scenarios.hosts import HostResult
from rehearsal.scenarios.measure import Sample
from rehearsal.scenarios.model import Load
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.proofs import Baseline, Former, HostCommand
from rehearsal.scenarios.values import Values

PLAIN = Former((HostCommand("web", "put up plain"),), (HostCommand("web", "take down plain"),))
OWN = Former((HostCommand("database", "make account"),), (HostCommand("database", "drop account"),))
ROTATE = Baseline(
    "change the password, then restart",
    (HostCommand("database", "alter {{ user }}"), HostCommand("web", "restart")),
    (PLAIN, OWN),
)


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.fails: set[str] = set()
        monkeypatch.setattr(baseline, "LoadRun", lambda *_: self)

    def run(self, at: str, command: str, **_: Any) -> HostResult:
        self.done.append(f"{at}: {command}")
        status = "Failed" if command in self.fails else "Success"
        return HostResult("i-1", status, 1, "", f"no {command}")

    def wait_until_flowing(self) -> None:
        self.done.append("load")

    def finish(self) -> list[Sample]:
        self.done.append("load ends")
        return [Sample(1.0, "/", False, 502, 1, "HTTP 502")]

    def cancel(self) -> None:
        pass

    def measure(self) -> Any:
        surroundings: Any = SimpleNamespace(hosts=self, values=Values({"user": "shop"}))
        return baseline.run_baseline(ROTATE, Load(200, ("/",)), surroundings)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_commands_of_several_hosts_are_typed_in_order_between_putting_up_and_taking_down(world: World) -> None:
    result = world.measure()
    assert world.done == [
        "web: put up plain",
        "database: make account",
        "load",
        "database: alter shop",
        "web: restart",
        "load ends",
        "database: drop account",
        "web: take down plain",
    ]
    assert result.command == "database# alter shop\nweb# restart"
    assert result.requests.lost == 1


def test_what_was_put_up_in_part_is_taken_down(world: World) -> None:
    world.fails = {"make account"}
    with pytest.raises(ScenarioError, match="`make account` on database is Failed: no make account"):
        world.measure()
    assert world.done[-2:] == ["database: drop account", "web: take down plain"]


def test_one_that_cannot_be_taken_down_keeps_no_other_up_and_hides_no_earlier_problem(world: World) -> None:
    world.fails = {"restart", "drop account"}
    with pytest.raises(ScenarioError) as raised:
        world.measure()
    assert "`restart` on web" in str(raised.value)
    assert "`drop account` on database" in str(raised.value)
    assert world.done[-1] == "web: take down plain"


def test_an_interruption_takes_down_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(world, "wait_until_flowing", interrupt)
    with pytest.raises(KeyboardInterrupt):
        world.measure()
    assert world.done[-1] == "web: take down plain"
