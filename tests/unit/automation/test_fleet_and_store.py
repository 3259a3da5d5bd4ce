"""Targets under rate control, the queue, and what a new process finds."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.automation import ApiError, AutomationEngine, EngineSettings, Limits, SqliteStore
from rehearsal.automation.ratecontrol import Ramp, concurrency_of, errors_of
from rehearsal.automation.slots import QueueFullError, Slots

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Harness

PAST = {"name": "a", "action": "aws:sleep", "inputs": {"Timestamp": "2001-01-01T00:00:00Z"}}
LONG = {"name": "a", "action": "aws:sleep", "inputs": {"Duration": "PT1H"}}
LOOK = {
    "name": "look",
    "action": "aws:executeAwsApi",
    "inputs": {"Service": "ssm", "Api": "GetParameter", "Name": "{{ N }}"},
}
NAME = {"N": {"type": "String"}}


@pytest.mark.parametrize(
    ("text", "total", "at_once", "errors"),
    [("10", 50, 10, 10), ("10%", 50, 5, 5), ("1%", 50, 1, 0), ("100%", 7, 7, 7), ("0", 5, 1, 0)],
)
def test_numbers_and_percentages(text: str, total: int, at_once: int, errors: int) -> None:
    assert concurrency_of(text, total) == at_once
    assert errors_of(text, total) == errors


def test_the_ramp_doubles_after_each_whole_wave_and_then_slides() -> None:
    ramp = Ramp(limit=5)
    waves = []
    for _ in range(3):
        started = 0
        while ramp.room():
            ramp.start()
            started += 1
        waves.append(started)
        for _ in range(started):
            ramp.end()
    assert waves == [1, 2, 4]
    for _ in range(5):
        assert ramp.room()
        ramp.start()
    assert not ramp.room()
    ramp.end()
    assert ramp.room()


def test_no_more_than_max_concurrency_run_at_once(automation: Harness) -> None:
    at_once: list[int] = []
    running = 0
    lock = threading.Lock()

    def answer(**_: Any) -> dict[str, Any]:
        nonlocal running
        with lock:
            running += 1
            at_once.append(running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return {"Parameter": {"Name": "n", "Value": "v"}}

    automation.aws.on("GetParameter", answer)
    targets = [{"Key": "ParameterValues", "Values": [f"t{n}" for n in range(12)]}]
    execution = automation.run([LOOK], parameters=NAME, Targets=targets, TargetParameterName="N", MaxConcurrency="3")
    assert execution["AutomationExecutionStatus"] == "Success"
    assert len(at_once) == 12
    assert max(at_once) <= 3
    assert at_once[0] == 1


def test_several_tags_are_refused(automation: Harness) -> None:
    targets = [{"Key": "tag:a", "Values": ["x"]}, {"Key": "tag:b", "Values": ["y"]}]
    with pytest.raises(ApiError, match="Only one resource group or tag can be specified at a time"):
        automation.start([LOOK], parameters=NAME, Targets=targets, TargetParameterName="N")


def test_tagged_resources_of_other_types_come_from_the_tagging_api(automation: Harness) -> None:
    arns = ["arn:aws:s3:::bucket-a", "arn:aws:ec2:eu-central-1:123456789012:instance/i-1"]
    automation.aws.on("GetResources", {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns]})
    automation.aws.on("GetParameter", {"Parameter": {}})
    targets = [{"Key": "tag:Team", "Values": ["x"]}]
    execution = automation.run([LOOK], parameters=NAME, Targets=targets, TargetParameterName="N")
    assert execution["ResolvedTargets"]["ParameterValues"] == ["bucket-a", "i-1"]


def test_a_full_queue_refuses_more(make_harness: Callable[..., Harness]) -> None:
    automation = make_harness(limits=Limits(running=1, blocked=0, queued=1))
    first = automation.start([LONG])
    automation.wait(first, {"InProgress"})
    second = automation.start([LONG])
    with pytest.raises(ApiError, match="AutomationExecutionLimitExceededException"):
        automation.start([LONG])
    assert automation.engine.find(second)["AutomationExecutionStatus"] == "Pending"
    automation.engine.stop(first, "Cancel")
    automation.wait(second, {"InProgress"})


def test_a_queued_execution_is_cancelled_at_once(make_harness: Callable[..., Harness]) -> None:
    automation = make_harness(limits=Limits(running=1, blocked=0, queued=1))
    first = automation.start([LONG])
    automation.wait(first, {"InProgress"})
    queued = automation.start([LONG])
    automation.engine.stop(queued, "Cancel")
    execution = automation.wait(queued, seconds=2)
    assert execution["AutomationExecutionStatus"] == "Cancelled"
    assert [step["StepStatus"] for step in execution["StepExecutions"]] == ["Pending"]
    assert automation.engine.find(first)["AutomationExecutionStatus"] == "InProgress"


def test_waiting_for_a_person_frees_the_slot(make_harness: Callable[..., Harness]) -> None:
    automation = make_harness(limits=Limits(running=1, blocked=1, queued=5))
    paused = automation.start([{"name": "hold", "action": "aws:pause", "inputs": {}}])
    automation.wait(paused, {"Waiting"})
    assert automation.run([PAST])["AutomationExecutionStatus"] == "Success"


def test_parents_that_wait_let_their_children_run(make_harness: Callable[..., Harness]) -> None:
    automation = make_harness(limits=Limits(running=1, blocked=0, queued=5))
    automation.documents.put("Child", {"schemaVersion": "0.3", "mainSteps": [PAST]})
    step = {"name": "call", "action": "aws:executeAutomation", "inputs": {"DocumentName": "Child"}}
    assert automation.run([step])["AutomationExecutionStatus"] == "Success"


def test_children_go_before_new_work() -> None:
    slots = Slots(running=1, blocked=0, queued=10, name="test")
    order: list[str] = []
    go, done = threading.Event(), threading.Event()

    def note(name: str) -> Callable[[], None]:
        return lambda: order.append(name)

    slots.submit(go.wait)
    slots.submit(note("new"))
    slots.submit(note("child"), depth=1)
    slots.submit(done.set)
    go.set()
    assert done.wait(5)
    assert order == ["child", "new"]


def test_a_queue_has_an_end() -> None:
    slots = Slots(running=1, blocked=0, queued=1, name="test")
    go = threading.Event()
    slots.submit(go.wait)
    slots.submit(go.wait)
    with pytest.raises(QueueFullError):
        slots.submit(go.wait)
    go.set()


def test_a_new_process_finds_what_ended_and_closes_what_was_interrupted(
    make_harness: Callable[..., Harness], tmp_path: Path
) -> None:
    path = tmp_path / "executions.sqlite"
    before = make_harness(SqliteStore(path))
    ended = before.run([PAST], name="Ended")["AutomationExecutionId"]
    running = before.start([LONG, PAST | {"name": "b"}], name="Running")
    before.wait(running, {"InProgress"})
    token = "11111111-2222-4333-8444-555555555555"
    once = before.start([PAST], name="Once", ClientToken=token)
    before.wait(once)
    before.engine.close()

    after = make_harness(SqliteStore(path))
    assert after.engine.find(ended)["AutomationExecutionStatus"] == "Success"
    found = after.engine.find(running)
    assert found["AutomationExecutionStatus"] == "Failed"
    assert "interrupted" in found["FailureMessage"]
    assert [step["StepStatus"] for step in found["StepExecutions"]] == ["Failed", "Pending"]
    assert after.start([PAST], name="Once", ClientToken=token) == once


def test_a_killed_process_leaves_what_was_flushed(tmp_path: Path, make_harness: Callable[..., Harness]) -> None:
    path = tmp_path / "executions.sqlite"
    before = make_harness(SqliteStore(path))
    ended = before.run([PAST])["AutomationExecutionId"]
    after = SqliteStore(path)  # opened beside the first, as after a kill: nobody closed it
    found = after.find(ended)
    assert found is not None
    assert found.status.value == "Success"
    after.close()


def test_history_is_kept_for_thirty_days(make_harness: Callable[..., Harness], tmp_path: Path) -> None:
    path = tmp_path / "executions.sqlite"
    before = make_harness(SqliteStore(path))
    old, new = (before.run([PAST])["AutomationExecutionId"] for _ in range(2))
    record = before.engine.store.find(old)
    assert record is not None
    record.end = time.time() - 31 * 86_400
    before.engine.store.save(record)
    before.engine.close()
    store = SqliteStore(path)
    settings = EngineSettings("123456789012", "eu-central-1")
    engine = AutomationEngine(before.aws, store, settings, before.documents)
    assert store.find(old) is None
    assert store.steps(old) == []
    assert store.find(new) is not None
    engine.close()


def test_a_refused_start_does_not_use_up_its_token(automation: Harness) -> None:
    token = "11111111-2222-4333-8444-555555555555"
    with pytest.raises(ApiError, match="Missing required parameter"):
        automation.start([PAST], parameters=NAME, ClientToken=token)
    assert automation.start([PAST], {"N": ["x"]}, parameters=NAME, ClientToken=token)
