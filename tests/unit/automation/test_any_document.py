"""Whatever a stored document holds, reading and running it ends in a clear error or a final status."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rehearsal.automation import ApiError, Caller
from rehearsal.automation.errors import InvalidInputError, MalformedRunbookError
from rehearsal.automation.references import resolve
from rehearsal.automation.runbook import parse_runbook
from rehearsal.automation.selectors import compile_selector

if TYPE_CHECKING:
    from conftest import Harness

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
NAMES = st.sampled_from(["a", "b", "c", "{{ x }}", ""])
ACTIONS = st.sampled_from(
    ["aws:sleep", "aws:branch", "aws:loop", "aws:updateVariable", "aws:assertAwsResourceProperty", "aws:nothing"]
)
STEPS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "action": ACTIONS,
        "inputs": st.dictionaries(st.sampled_from(["Choices", "Steps", "Duration"]), JSON),
    },
    optional={
        "nextStep": NAMES | JSON,
        "onFailure": st.sampled_from(["Abort", "Continue", "step:b"]) | JSON,
        "onCancel": JSON,
        "isEnd": JSON,
        "isCritical": JSON,
        "timeoutSeconds": st.just(1) | JSON,
        "maxAttempts": st.just(1) | st.text(max_size=3),
        "outputs": JSON,
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {"schemaVersion": st.just("0.3"), "mainSteps": st.lists(STEPS, min_size=1, max_size=3)},
    optional={"parameters": JSON, "variables": JSON, "outputs": JSON, "assumeRole": JSON, "files": JSON},
)


@given(JSON | DOCUMENTS)
@settings(max_examples=150, deadline=None)
def test_reading_never_fails_in_another_way(content: Any) -> None:
    with contextlib.suppress(MalformedRunbookError):
        parse_runbook(content)


@given(DOCUMENTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_running_ends(shared_automation: Harness, content: Any) -> None:
    shared_automation.documents.kept.pop("Any", None)
    shared_automation.documents.put("Any", content)
    caller = Caller("arn:aws:iam::123456789012:user/a", "123456789012")
    with contextlib.suppress(ApiError):
        execution = shared_automation.wait(shared_automation.engine.start({"DocumentName": "Any"}, caller))
        assert "Internal Server Error" not in execution.get("FailureMessage", "")


@given(JSON)
@settings(max_examples=100, deadline=None)
def test_values_without_references_stay_as_they_are(value: Any) -> None:
    assert resolve(value, lambda reference: f"[{reference}]") == value


@given(st.text(alphabet="$.@[]?()*'=<>&| ab0:-,", max_size=20))
@settings(max_examples=150, deadline=None)
def test_selectors_are_compiled_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInputError):
        compile_selector(text)
