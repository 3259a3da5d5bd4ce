"""`report.json`: what a rehearsal showed, in the shape that docs/architecture.md and other tools rely on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rehearsal.scenarios.measurements import measurements

if TYPE_CHECKING:
    from rehearsal.scenarios.detection import DetectionResult
    from rehearsal.scenarios.measure import Requests
    from rehearsal.scenarios.results import BaselineResult, RehearsalResult, Run, ScenarioResult, StepResult


FORMAT = 1
"""Raised with every change of the report's shape that makes what reads it read otherwise."""


def as_json(result: RehearsalResult) -> dict[str, Any]:
    """Times are epoch seconds, durations seconds, latencies milliseconds.

    A figure that was not measured is null. `permissions.unused` are grants of the role that no execution has used since
    the rehearsal came up: a role is shared by several runbooks. `roles` are the stacks' after the full suite, and
    none after anything less. `tick_seconds` is how long a minute of schedules and alarms lasted.
    """
    return {
        "format": FORMAT,
        "passed": result.passed,
        "seconds": result.seconds,
        "started": result.started,
        "variant": result.variant,
        "tick_seconds": result.tick_seconds,
        "phases": [{"name": name, "seconds": seconds} for name, seconds in result.phases],
        "checks": [asdict(check) for check in result.checks],
        "roles": [asdict(role) for role in result.roles],
        "runbooks": [_runbook(scenario) for scenario in result.scenarios],
        "measurements": measurements(result),
    }


def _runbook(scenario: ScenarioResult) -> dict[str, Any]:
    run, detection = scenario.run, scenario.detection
    return {
        "name": scenario.runbook,
        "scenario": scenario.name,
        "description": scenario.description,
        "status": scenario.status,
        "expected": scenario.expected_status,
        "passed": scenario.passed,
        "seconds": run.seconds if run else None,
        "scenario_seconds": scenario.seconds,
        "execution_id": run.execution_id if run else None,
        "message": run.message if run else "",
        "outputs": dict(run.outputs) if run else {},
        "requests": _requests(scenario.requests),
        "detected_after_seconds": detection.detected_after if detection else None,
        "recovered_after_seconds": detection.recovered_after if detection else None,
        "detection": _detection(detection) if detection else None,
        "second_run": _second_run(scenario.second_run),
        "baseline": _baseline(scenario.baseline),
        "aborts": [{**asdict(abort), "passed": abort.passed, "text": abort.as_text()} for abort in scenario.aborts],
        "steps": [_step(step) for step in run.steps] if run else [],
        "permissions": asdict(scenario.permissions) if scenario.permissions else None,
        "checks": [asdict(check) for check in scenario.checks],
    }


def _requests(requests: Requests | None) -> dict[str, Any] | None:
    if requests is None:
        return None
    return {
        "sent": requests.sent,
        "lost": requests.lost,
        "p50_ms": requests.p50_ms,
        "p99_ms": requests.p99_ms,
        "slowest_ms": requests.slowest_ms,
        "lost_seconds": requests.lost_seconds,
        "losses": [asdict(loss) for loss in requests.losses],
        "bucket_seconds": requests.bucket_seconds,
        "timeline": [asdict(bucket) for bucket in requests.buckets],
    }


def _second_run(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {"status": run.status, "seconds": run.seconds, "execution_id": run.execution_id, "message": run.message}


def _baseline(baseline: BaselineResult | None) -> dict[str, Any] | None:
    if baseline is None:
        return None
    return {
        "description": baseline.description,
        "command": baseline.command,
        "started": baseline.started,
        "seconds": baseline.seconds,
        "requests": _requests(baseline.requests),
    }


def _detection(detection: DetectionResult) -> dict[str, Any]:
    """`detected_after` and `recovered_after` of each alarm in seconds, and `…_ticks` the same in ticks."""

    def ticks(seconds: float | None) -> float | None:
        return None if seconds is None else round(seconds / detection.tick_seconds, 2)

    alarms = [
        {
            **asdict(alarm),
            "detected_after_ticks": ticks(alarm.detected_after),
            "recovered_after_ticks": ticks(alarm.recovered_after),
        }
        for alarm in detection.alarms
    ]
    return {
        "tick_seconds": detection.tick_seconds,
        "fault": detection.fault,
        "undone": detection.undone,
        "alarms": alarms,
        "others": [asdict(change) for change in detection.others],
        "notifications": [{**asdict(each), "text": each.as_text()} for each in detection.notifications],
    }


def _step(step: StepResult) -> dict[str, Any]:
    return {
        "name": step.name,
        "action": step.action,
        "status": step.status,
        "started": step.started,
        "ended": step.ended,
        "seconds": step.seconds,
        "message": step.message,
        "outputs": [asdict(output) for output in step.outputs],
    }
