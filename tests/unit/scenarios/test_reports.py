from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from rehearsal.scenarios.chart import draw
from rehearsal.scenarios.checks import CheckResult
from rehearsal.scenarios.measure import Sample, measure
from rehearsal.scenarios.outputs import HostOutput
from rehearsal.scenarios.permissions import Permissions
from rehearsal.scenarios.report import as_json
from rehearsal.scenarios.report_html import as_html
from rehearsal.scenarios.report_terminal import as_table
from rehearsal.scenarios.results import BaselineResult, RehearsalResult, Run, ScenarioResult, StepResult

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
    secret = CheckResult("secret shows nowhere", passed=True, detail="in none of 40 texts")
    whole = RehearsalResult(T, 99, {"database": "mysql"}, (("Deploying", 40.0),), (scenario,), (secret,))
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
    bare = replace(whole.scenarios[0], requests=None, baseline=None, second_run=None, run=None, permissions=None)
    [runbook] = as_json(replace(whole, scenarios=(bare,)))["runbooks"]
    assert [runbook[key] for key in ("requests", "second_run", "permissions", "seconds")] == [None] * 4


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
    assert "instead of: plain restart" in text


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
