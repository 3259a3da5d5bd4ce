"""What the main job adds to the scenarios' own results."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.cli import main_job
from rehearsal.cli.main_job import MainJob
from rehearsal.scenarios.permissions import RoleUse
from rehearsal.scenarios.problems import ScenarioError

LEFT_OVER = RoleUse("arn:aws:iam::1:role/operate", True, ("ssm:SendCommand",), ("ec2:StopInstances",), ())
PROGRESS = SimpleNamespace(phase=lambda _: nullcontext(), phases=[], line=lambda _: None, block=lambda _: None)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was asked about roles: (stacks, expected denials)."""
    asked: list[Any] = []

    def roles_of(_: Any, stacks: list[str], *, expected: set[str]) -> list[RoleUse]:
        asked.append((stacks, expected))
        return [LEFT_OVER]

    surroundings = SimpleNamespace(aws=None, tick_seconds=5.0)
    monkeypatch.setattr(main_job, "surroundings_of", lambda *_: surroundings)
    monkeypatch.setattr(main_job, "roles_of", roles_of)
    monkeypatch.setattr(MainJob, "_search_secrets", lambda *_: [])
    monkeypatch.setattr(MainJob, "_one", lambda *_: SimpleNamespace(passed=True))
    return asked


def rehearse(*, is_full: bool) -> Any:
    settings: Any = SimpleNamespace(stacks=[SimpleNamespace(name="library"), SimpleNamespace(name="application")])
    up: Any = SimpleNamespace(state=SimpleNamespace(variant={}), confirm=lambda: None)
    common: Any = None
    progress: Any = PROGRESS
    scenario: Any = SimpleNamespace(expect=SimpleNamespace(denied=("s3:GetObject",)))
    return MainJob(settings, up, common, progress, 1.0, is_full=is_full).run([scenario])


def test_a_grant_is_only_left_over_when_every_scenario_has_run(asked: list[Any]) -> None:
    result = rehearse(is_full=False)
    assert (asked, result.roles, result.passed) == ([], (), True)


def test_a_grant_that_no_scenario_used_makes_the_full_suite_fall_short(asked: list[Any]) -> None:
    result = rehearse(is_full=True)
    assert asked == [(["library", "application"], {"s3:GetObject"})]
    assert result.roles == (LEFT_OVER,)
    assert [check.name for check in result.checks if not check.passed] == ["every grant of operate is used"]
    assert not result.passed


def test_roles_that_cannot_be_looked_at_make_it_fall_short_too(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ScenarioError("IAM's report was not ready")

    monkeypatch.setattr(main_job, "roles_of", broken)
    [check] = rehearse(is_full=True).checks
    assert (check.passed, asked) == (False, [])
    assert "IAM's report was not ready" in check.detail


def test_the_report_knows_how_long_a_tick_lasted(asked: list[Any]) -> None:
    assert (rehearse(is_full=False).tick_seconds, asked) == (5.0, [])
