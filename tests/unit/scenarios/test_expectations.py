"""What a run ended with against what its file expects."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.scenarios.expectations import judge_loss, judge_run
from rehearsal.scenarios.measure import Sample, measure
from rehearsal.scenarios.model import Expect
from rehearsal.scenarios.results import Run

OUTPUTS = {
    "decide.Cause": ("nginx is inactive",),
    "deploy.Output": ('building\n{"release":"ab12","changed":"no"}\n',),
    "list.Ids": ("i-1", "i-2"),
}
T = 1_800_000_000.0


def fallen(expect: Expect, status: str = "Success", message: str = "") -> dict[str, str]:
    run = Run("e-1", status, T, 4.0, message, (), OUTPUTS)
    return {check.name: check.detail for check in judge_run(expect, run) if not check.passed}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("decide.Cause", {"answer": {"contains": "inactive"}}),
        ("decide.Cause", {"answer": {"matches": "^nginx"}}),
        ("deploy.Output", {"query": "changed", "answer": {"equals": "no"}}),
        ("list.Ids", {"answer": {"equals": ["i-1", "i-2"]}}),
    ],
)
def test_outputs_that_are_as_expected(name: str, wanted: dict[str, Any]) -> None:
    assert fallen(Expect("Success", outputs={name: wanted})) == {}


def test_an_output_that_is_otherwise_is_shown() -> None:
    wanted = {"deploy.Output": {"query": "changed", "answer": {"equals": "yes"}}}
    assert fallen(Expect("Success", outputs=wanted)) == {"output deploy.Output": "wanted equals 'yes', got no"}


def test_an_output_that_is_missing_is_named_with_those_that_are_there() -> None:
    problems = fallen(Expect("Success", outputs={"decide.Remedy": {"answer": {"equals": "x"}}}))
    assert "there are decide.Cause, deploy.Output, list.Ids" in problems["output decide.Remedy"]


def test_a_question_to_text_that_is_no_json_is_an_answer_of_the_run() -> None:
    problems = fallen(Expect("Success", outputs={"decide.Cause": {"query": "a", "answer": {"equals": 1}}}))
    assert problems == {"output decide.Cause": "its last line is no JSON: nginx is inactive"}


def test_a_failure_has_to_say_what_is_expected() -> None:
    expect = Expect("Failed", message={"contains": "does not become ready"})
    assert fallen(expect, "Failed", "release ab12 does not become ready") == {}
    assert list(fallen(expect, "Failed", "permission denied")) == ["says why"]


def test_a_run_that_takes_longer_than_it_may_falls_short() -> None:
    assert fallen(Expect("Success", within_seconds=3)) == {"ends within 3 s": "4.0 s"}
    assert fallen(Expect("Success", within_seconds=5)) == {}


def test_loss_is_judged_for_all_requests_or_by_path() -> None:
    lost = [Sample(T, "/db-check", kept, 503, 1, "HTTP 503") for kept in (True, False)]
    requests = measure([Sample(T, "/", False, 200, 1, ""), *lost])
    assert [check.passed for check in judge_loss(requests, 1)] == [False]
    by_path = judge_loss(requests, {"/": 0, "/db-check": 1})
    assert [(check.name, check.passed) for check in by_path] == [
        ("loses at most 0 requests of /", True),
        ("loses at most 1 requests of /db-check", False),
    ]
