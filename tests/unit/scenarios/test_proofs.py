"""What files say of aborts, detection and former commands, as it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.scenarios.model import Scenario, load_common, load_scenario
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.proofs import Abort, Action, Former, HostCommand, Notice

COMMON = """
base_url: https://shop.test
agent_unit: agent.service
former:
  plain:
    host: web
    setup: [put up, {at: database, command: make account}]
    teardown: [take down]
probes: []
"""
SCENARIO = """
runbook: Example-Restart
description: Restarting loses nothing.
load: {requests_per_second: 5, paths: [/]}
expect: {status: Success, denied: ["s3:GetObject"]}
"""
ROOT = Path(__file__).resolve().parents[3]


def read(folder: Path, more: str, *, common: str = COMMON) -> Scenario:
    (folder / "common.yaml").write_text(common)
    (folder / "restart.yaml").write_text(SCENARIO + more)
    return load_scenario(folder / "restart.yaml", load_common(folder))


def problem_of(folder: Path, more: str, **changes: Any) -> str:
    with pytest.raises(ScenarioError) as raised:
        read(folder, more, **changes)
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("abort: every-step", Abort(("stop",))),
        ("abort: {at: every-step}", Abort(("stop",))),
        ("abort: {at: every-step, by: [stop, kill-agent]}", Abort(("stop", "kill-agent"))),
        (
            "abort: {at: every-step, before: [{runbook: {name: Example-Deploy}}]}",
            Abort(("stop",), (Action("runbook", {"name": "Example-Deploy"}),)),
        ),
        ("", None),
    ],
)
def test_the_ways_to_abort(tmp_path: Path, text: str, wanted: Abort | None) -> None:
    assert read(tmp_path, text).abort == wanted


def test_an_agent_to_kill_has_to_be_named_once_for_all(tmp_path: Path) -> None:
    without = COMMON.replace("agent_unit: agent.service\n", "")
    text = "abort: {at: every-step, by: [kill-agent]}"
    assert "common.yaml does not say (agent_unit:)" in problem_of(tmp_path, text, common=without)


def test_another_way_to_abort_is_none(tmp_path: Path) -> None:
    assert "restart.yaml:6: abort" in problem_of(tmp_path, "abort: {at: every-step, by: [unplug]}")


def test_former_commands_go_to_the_hosts_that_they_name(tmp_path: Path) -> None:
    text = """
baseline:
  description: changed by hand
  host: web
  former: [plain]
  setup: [{at: database, command: remember}]
  commands: [{at: database, command: alter}, restart]
"""
    baseline = read(tmp_path, text).baseline
    assert baseline is not None
    assert baseline.commands == (HostCommand("database", "alter"), HostCommand("web", "restart"))
    assert baseline.former == (
        Former(
            (HostCommand("web", "put up"), HostCommand("database", "make account")), (HostCommand("web", "take down"),)
        ),
        Former((HostCommand("database", "remember"),)),
    )


@pytest.mark.parametrize(
    ("baseline", "why"),
    [
        ("{description: changed by hand, command: restart}", "a command says no host (at:)"),
        ("{description: changed by hand, host: web, command: restart, former: [old]}", "there are plain"),
        ("{description: changed by hand, host: web}", "is not valid under any of the given schemas"),
        ("{description: changed by hand, host: web, command: a, commands: [b]}", "is valid under each of"),
    ],
)
def test_former_commands_that_cannot_be_run_are_refused(tmp_path: Path, baseline: str, why: str) -> None:
    assert why in problem_of(tmp_path, f"baseline: {baseline}")


def test_what_has_to_be_noticed(tmp_path: Path) -> None:
    text = """
detection:
  fault_step: inject
  undo_step: recover
  alarms: ["shop-*"]
  topic: "{{ stacks.library.Topic }}"
  notifications: [{alarm: shop-Readiness, state: ALARM}, {alarm: shop-Readiness, state: OK}]
"""
    detection = read(tmp_path, text).detection
    assert detection is not None
    assert (detection.alarms, detection.within_ticks) == (("shop-*",), 2)
    assert detection.notifications == (Notice("shop-Readiness", "ALARM"), Notice("shop-Readiness", "OK"))


def test_notifications_need_a_topic(tmp_path: Path) -> None:
    text = "detection: {fault_step: inject, undo_step: recover, alarms: [a], notifications: [{alarm: a, state: OK}]}"
    assert "'topic' is a dependency of 'notifications'" in problem_of(tmp_path, text)


def test_denials_that_are_expected_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, "").expect.denied == ("s3:GetObject",)


def test_every_former_system_of_this_library_can_be_taken_down() -> None:
    formers = load_common(ROOT / "scenarios").former
    assert formers
    assert [name for name, former in formers.items() if former.setup and not former.teardown] == []
