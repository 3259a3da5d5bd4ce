from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from rehearsal.scenarios.alarms import Transition
from rehearsal.scenarios.chart import draw
from rehearsal.scenarios.checks import CheckResult
from rehearsal.scenarios.detection import AlarmResult, DetectionResult
from rehearsal.scenarios.measure import Sample, measure
from rehearsal.scenarios.notifications import Notification
from rehearsal.scenarios.outputs import HostOutput
from rehearsal.scenarios.permissions import Permissions, RoleUse
from rehearsal.scenarios.report import as_json
from rehearsal.scenarios.report_html import as_html
from rehearsal.scenarios.report_terminal import as_table
from rehearsal.scenarios.results import AbortResult, BaselineResult, RehearsalResult, Run, ScenarioResult, StepResult

T = 1_800_000_000.0


def samples(lost: int) -> list[Sample]:
    good = [Sample(T + i / 50, "/", i % 2 == 1, 200, 5 + i / 10, "") for i in range(200)]
    bad = [Sample(T + 1 + i / 50, "/db-check", i % 2 == 1, 502, 1, "HTTP 502") for i in range(lost)]
    return good + bad


def result(**changes: Any) -> RehearsalResult:
    output = HostOutput("restart", "i-1", "restart", "Success", 0, "<b>restarted</b>\n", "")
    steps = (
        StepResult("check", "aws:runCommand", "Success", T + 1, T + 1.5, "", ()),
        StepResult("restart", "aws:runCommand", "Success", T + 1.5, T + 3, "", (output,)),
        StepResult("undo", "aws:runCommand", "Pending", None, None, "", ()),
    )
    run = Run("e-1", "Success", T, 3.2, "", steps)
    baseline = BaselineResult("plain restart", "systemctl restart x", T + 1, 2.5, measure(samples(30)))
    scenario = ScenarioResult(
        name="restart",
        runbook="Example-Restart",
        description="Restarting loses nothing.",
        expected_status="Success",
        status="Success",
        seconds=12,
        run=run,
        requests=measure(samples(0)),
        second_run=replace(run, execution_id="e-2"),
        permissions=Permissions("arn:aws:iam::1:role/operate", ("ssm:SendCommand",), ("ec2:StopInstances",), ()),
        baseline=baseline,
        checks=(CheckResult("ends Success", passed=True, detail="Success"),),
    )
    detection = DetectionResult(
        tick_seconds=5,
        fault=T + 1.5,
        undone=T + 2.5,
        alarms=(
            AlarmResult("shop-readiness", 7.5, 8.0, ("OK", "ALARM", "OK")),
            AlarmResult("shop-down", None, None, ("OK",)),
        ),
        others=(Transition("shop-redirect", T + 5, "OK", "ALARM"),),
        notifications=(Notification(T + 9, "ALARM: shop", "shop-readiness", "ALARM"),),
    )
    aborts = (
        AbortResult("restart", "stop", "stopped at restart", "Cancelled", 2.5, "holds", ""),
        AbortResult(
            "restart", "kill-agent", "the agent was killed on web at restart", "Failed", 4, "restored", "ready"
        ),
    )
    scenario = replace(scenario, detection=detection, aborts=aborts)
    role = RoleUse("arn:aws:iam::1:role/operate", True, ("ssm:SendCommand",), ("ec2:StopInstances",), ())
    secret = CheckResult("secret shows nowhere", passed=True, detail="in none of 40 texts")
    whole = RehearsalResult(T, 99, {"database": "mysql"}, (("Deploying", 40.0),), (scenario,), (secret,), (role,), 5.0)
    return replace(whole, **changes)


def fallen_short() -> RehearsalResult:
    whole = result()
    check = CheckResult("loses at most 0 requests", passed=False, detail="3 of 200 lost: 3 of /: HTTP 502")
    return replace(whole, scenarios=(replace(whole.scenarios[0], checks=(check,)),))


def test_the_report_has_the_keys_that_other_tools_rely_on() -> None:
    report = as_json(result())
    assert {"passed", "seconds", "runbooks"} <= report.keys()
    [runbook] = report["runbooks"]
    assert {
        "name", "scenario", "status", "expected", "passed", "seconds", "requests", "detected_after_seconds",
        "recovered_after_seconds", "second_run", "steps", "permissions", "checks",
    } <= runbook.keys()  # fmt: skip
    assert {"sent", "lost", "p50_ms", "p99_ms"} <= runbook["requests"].keys()
    assert {"used", "unused", "denied"} <= runbook["permissions"].keys()
    assert runbook["checks"] == [{"name": "ends Success", "passed": True, "detail": "Success"}]


def test_what_was_not_measured_is_null() -> None:
    whole = result()
    bare = replace(
        whole.scenarios[0], requests=None, baseline=None, second_run=None, run=None, permissions=None, detection=None
    )
    [runbook] = as_json(replace(whole, scenarios=(bare,)))["runbooks"]
    unmeasured = ("requests", "second_run", "permissions", "seconds", "detection", "detected_after_seconds")
    assert [runbook[key] for key in unmeasured] == [None] * len(unmeasured)


def test_detection_is_told_in_seconds_and_in_ticks_and_recovery_only_when_every_alarm_is_well_again() -> None:
    [runbook] = as_json(result())["runbooks"]
    assert (runbook["detected_after_seconds"], runbook["recovered_after_seconds"]) == (7.5, None)
    noticed, silent = runbook["detection"]["alarms"]
    assert (noticed["detected_after_ticks"], noticed["recovered_after_ticks"]) == (1.5, 1.6)
    assert (silent["detected_after_ticks"], silent["recovered_after_ticks"]) == (None, None)


def test_an_abort_is_told_with_where_and_what_became_of_it() -> None:
    [runbook] = as_json(result())["runbooks"]
    assert [(abort["by"], abort["passed"], abort["text"]) for abort in runbook["aborts"]] == [
        ("stop", True, "stopped at restart, ended Cancelled; steady state holds"),
        ("kill-agent", True, "the agent was killed on web at restart, ended Failed; a second run restored ready"),
    ]


def test_the_measurements_are_flat_records_with_both_columns() -> None:
    [record] = as_json(result())["measurements"]
    assert record == {
        "scenario": "restart",
        "runbook": "Example-Restart",
        "passed": True,
        "status": "Success",
        "duration_seconds": 3.2,
        "requests": 200,
        "lost": 0,
        "lost_seconds": 0.0,
        "baseline": {
            "description": "plain restart",
            "duration_seconds": 2.5,
            "requests": 230,
            "lost": 30,
            "lost_seconds": 0.58,
        },
        "detected_after_seconds": 7.5,
        "recovered_after_seconds": None,
        "tick_seconds": 5,
        "date": "2027-01-15",
        "options": {"database": "mysql"},
    }


def test_what_never_started_measured_nothing() -> None:
    whole = result()
    assert as_json(replace(whole, scenarios=(replace(whole.scenarios[0], run=None),)))["measurements"] == []


@pytest.mark.parametrize("empty", [{"scenarios": ()}, {"checks": (CheckResult("x", passed=False, detail=""),)}])
def test_a_rehearsal_without_scenarios_or_with_a_failed_check_of_its_own_has_not_passed(empty: dict[str, Any]) -> None:
    assert result().passed
    assert not result(**empty).passed


def test_a_scenario_that_checked_nothing_has_not_passed() -> None:
    assert not replace(result().scenarios[0], checks=()).passed


def test_the_page_needs_nothing_else_and_escapes_what_hosts_wrote() -> None:
    page = as_html(as_json(result()))
    assert re.findall(r'(?:src|href)="(?!#)|url\(|@import|<script', page) == []
    assert "&lt;b&gt;restarted&lt;/b&gt;" in page
    assert page.count("<svg") == 2
    assert "prefers-color-scheme: dark" in page


@pytest.mark.parametrize("whole", [result(), fallen_short()])
def test_the_table_says_what_came_of_each_runbook(whole: RehearsalResult) -> None:
    console = Console(width=160, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(as_table(as_json(whole)))
    text = captured.get()
    assert "Example-Restart (restart)" in text
    assert ("fell short" in text) is not whole.passed
    assert ("3 of 200 lost" in text) is not whole.passed
    for row in (
        r"restart +│ +200 +│ +0 +│ +│ plain restart +│ +230 +│ +30 +│ +0.6 s",
        r"restart +│ agent killed +│ +1 +│ +0 +│ +1 +│ +0 ",
        r"restart +│ shop-readiness +│ OK → ALARM → OK +│ +7.5 s \(1.5 ticks\) +│ +8.0 s \(1.6 ticks\)",
        r"restart +│ shop-down +│ OK +│ +never +│ +never",
        r"operate +│ yes +│ +1 +│ +1 +│ +0 ",
    ):
        assert re.search(row, text), row


def test_tables_that_would_be_empty_are_left_out() -> None:
    whole = result()
    bare = replace(whole.scenarios[0], baseline=None, detection=None, aborts=())
    report = as_json(replace(whole, scenarios=(bare,), roles=()))
    console = Console(width=160)
    with console.capture() as captured:
        console.print(as_table(report))
    for title in ("former commands", "Aborted", "Detection", "Roles"):
        assert title not in captured.get()
        assert f"<h2>{title}" not in as_html(report)


def test_every_bar_and_step_of_the_chart_is_inside_of_it() -> None:
    [runbook] = as_json(result())["runbooks"]
    requests = runbook["baseline"]["requests"]
    chart = draw(requests["timeline"], requests["bucket_seconds"], runbook["steps"])
    assert chart is not None
    assert [span.name for span in chart.spans] == ["check", "restart"]
    for thing in (*chart.bars, *chart.spans):
        assert 0 <= thing.x <= thing.x + thing.width <= chart.width + 1
    assert sum(bar.lost_height > 0 for bar in chart.bars) > 0


def test_no_requests_and_no_steps_make_no_chart() -> None:
    assert draw([], 1, []) is None
