"""What each scenario measured, in a shape to keep: a flat record each, comparable from rehearsal to rehearsal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.scenarios.measure import Requests
    from rehearsal.scenarios.results import RehearsalResult, ScenarioResult


def measurements(result: RehearsalResult) -> list[dict[str, Any]]:
    """`measurements` of report.json, in the order of the scenarios; those whose runbook never started are left out.

    `date` is the day of the rehearsal (UTC), `options` what the stack ran with. Durations and losses are in seconds;
    figures of requests are null for a scenario without a load, those of detection for one that watches no alarm.
    """
    date = datetime.fromtimestamp(result.started, UTC).date().isoformat()
    return [_measurement(scenario, date, result.variant) for scenario in result.scenarios if scenario.run]


def _measurement(scenario: ScenarioResult, date: str, options: dict[str, str]) -> dict[str, Any]:
    baseline = scenario.baseline
    return {
        "scenario": scenario.name,
        "runbook": scenario.runbook,
        "passed": scenario.passed,
        "status": scenario.status,
        "duration_seconds": scenario.run.seconds if scenario.run else None,
        **loss(scenario.requests),
        "baseline": {
            "description": baseline.description,
            "duration_seconds": baseline.seconds,
            **loss(baseline.requests),
        }
        if baseline
        else None,
        "detected_after_seconds": scenario.detection.detected_after if scenario.detection else None,
        "recovered_after_seconds": scenario.detection.recovered_after if scenario.detection else None,
        "tick_seconds": scenario.detection.tick_seconds if scenario.detection else None,
        "date": date,
        "options": dict(options),
    }


def loss(requests: Requests | None) -> dict[str, Any]:
    """`lost_seconds` is from the first lost request to the last one: 0 when none was lost, or one moment's."""
    if requests is None:
        return {"requests": None, "lost": None, "lost_seconds": None}
    return {"requests": requests.sent, "lost": requests.lost, "lost_seconds": requests.lost_seconds or 0.0}
