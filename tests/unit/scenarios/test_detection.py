"""Whether alarms noticed, when, and whom they told; topics and queues are moto's."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from rehearsal.scenarios import detection as module
from rehearsal.scenarios.detection import DetectionWatch
from rehearsal.scenarios.notifications import Notification, out_of_order
from rehearsal.scenarios.outputs import HostOutput
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.proofs import Detection, Notice
from rehearsal.scenarios.results import Run, StepResult
from rehearsal.scenarios.values import Values

if TYPE_CHECKING:
    from collections.abc import Iterator

TICK = 5
READINESS, DOWN = "shop-Readiness", "shop-Down"
WATCHED = Detection("inject", "recover", (READINESS, DOWN), topic=None, notifications=())


class World:
    """An account with alarms whose states are played, and real queues and topics."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.states = {READINESS: "OK", DOWN: "OK", "shop-Redirect": "OK"}
        self.history: list[dict[str, Any]] = []
        self.sns, self.sqs = (boto3.client(name, region_name="us-east-1") for name in ("sns", "sqs"))
        self.topic = self.sns.create_topic(Name="alarms")["TopicArn"]
        self.start = datetime.now(UTC).timestamp()
        self.settled_after = 1
        monkeypatch.setattr(module, "POLL_SECONDS", 0)
        monkeypatch.setattr(module, "SETTLE_SECONDS", 0)
        monkeypatch.setattr(module, "SETTLE_TICKS", 0)
        monkeypatch.setattr("rehearsal.scenarios.notifications.DELIVERY_SECONDS", 3)
        monkeypatch.setattr("rehearsal.scenarios.notifications.QUIET_SECONDS", 0)

    def client(self, service: str) -> Any:
        return {"cloudwatch": self, "sns": self.sns, "sqs": self.sqs}[service]

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=getattr(self, operation))

    def describe_alarms(self, **_: Any) -> list[dict[str, Any]]:
        alarms = [{"AlarmName": name, "StateValue": state} for name, state in self.states.items()]
        return [{"MetricAlarms": alarms[:1], "CompositeAlarms": []}, {"CompositeAlarms": alarms[1:]}]

    def describe_alarm_history(self, **_: Any) -> list[dict[str, Any]]:
        return [{"AlarmHistoryItems": [item]} for item in reversed(self.history)]

    def change(self, alarm: str, after: float, former: str, state: str) -> None:
        data = {"version": "1.0", "oldState": {"stateValue": former}, "newState": {"stateValue": state}}
        moment = datetime.fromtimestamp(self.start + after, UTC)
        self.history.append({"AlarmName": alarm, "Timestamp": moment, "HistoryData": json.dumps(data)})

    def tell(self, alarm: str, state: str) -> None:
        message = json.dumps({"AlarmName": alarm, "NewStateValue": state})
        self.sns.publish(TopicArn=self.topic, Subject=f"{state}: {alarm}", Message=message)

    def watch(self, detection: Detection = WATCHED) -> DetectionWatch:
        surroundings: Any = SimpleNamespace(
            aws=self, tick_seconds=TICK, values=Values({"stack": "shop", "topic": self.topic})
        )
        return DetectionWatch(detection, surroundings)

    def run(self) -> Run:
        """The fault begins 10 s after the start, and is undone 30 s after it."""
        steps = (
            StepResult("inject", "aws:runCommand", "Success", self.start + 10, self.start + 11, "", ()),
            StepResult("recover", "aws:runCommand", "Success", self.start + 28, self.start + 30, "", ()),
        )
        return Run("e-1", "Success", self.start, 40, "", steps)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield World(monkeypatch)


def all_noticed(world: World) -> None:
    world.change(READINESS, 14, "OK", "ALARM")
    world.change(DOWN, 15, "OK", "ALARM")
    world.change(READINESS, 33, "ALARM", "OK")
    world.change(DOWN, 36, "ALARM", "OK")


def fallen(watch: DetectionWatch, result: Any) -> list[str]:
    return [check.name for check in watch.judge(result) if not check.passed]


def test_times_are_counted_from_the_fault_and_from_its_end(world: World) -> None:
    watch = world.watch()
    assert watch.wait_until_well().passed
    all_noticed(world)
    result = watch.result(world.run())
    assert (result.detected_after, result.recovered_after) == (4, 6)
    assert [(alarm.detected_after, alarm.recovered_after) for alarm in result.alarms] == [(4, 3), (5, 6)]
    assert fallen(watch, result) == []
    assert watch.judge(result)[0].detail == "4.0 s after the fault, 0.8 ticks"


def test_an_alarm_that_is_not_well_beforehand_is_named(world: World) -> None:
    world.states[DOWN] = "INSUFFICIENT_DATA"
    check = world.watch().wait_until_well()
    assert (check.passed, check.detail) == (False, f"{DOWN} is INSUFFICIENT_DATA after 0 s")


def test_the_moment_of_the_fault_may_be_what_the_command_tells(world: World) -> None:
    detection = Detection("inject", "recover", (READINESS,), topic=None, notifications=(), fault_key="broken_at")
    watch = world.watch(detection)
    watch.wait_until_well()
    world.change(READINESS, 14, "OK", "ALARM")
    world.change(READINESS, 33, "ALARM", "OK")
    told = json.dumps({"broken_at": datetime.fromtimestamp(world.start + 12, UTC).isoformat()})
    run = world.run()
    output = HostOutput("inject", "i-1", "inject", "Success", 0, f"making it\n{told}\n", "")
    broken = replace(run, steps=(replace(run.steps[0], outputs=(output,)), run.steps[1]))
    assert watch.result(broken).detected_after == 2
    with pytest.raises(ScenarioError, match="the command of inject does not tell under broken_at"):
        watch.result(run)


def test_what_changed_just_before_is_no_news(world: World) -> None:
    watch = world.watch()
    watch.wait_until_well()
    all_noticed(world)
    world.change(READINESS, -0.5, "INSUFFICIENT_DATA", "OK")
    assert watch.result(world.run()).alarms[0].states == ("OK", "ALARM", "OK")


def test_what_notices_too_late_falls_short(world: World) -> None:
    watch = world.watch()
    watch.wait_until_well()
    for alarm in (READINESS, DOWN):
        world.change(alarm, 20.5, "OK", "ALARM")
        world.change(alarm, 33, "ALARM", "OK")
    assert fallen(watch, watch.result(world.run())) == ["detected within 2 ticks of 5 s"]


def test_an_alarm_that_never_notices_is_told_with_the_state_that_it_stayed_in(world: World) -> None:
    watch = world.watch()
    watch.wait_until_well()
    result = watch.result(world.run())
    assert (result.detected_after, result.recovered_after) == (None, None)
    checks = {check.name: check for check in watch.judge(result)}
    assert checks["detected within 2 ticks of 5 s"].detail == "nothing was noticed"
    assert not checks[f"alarm {READINESS} goes OK, ALARM, OK"].passed
    assert checks[f"alarm {READINESS} goes OK, ALARM, OK"].detail == "OK"


def test_an_alarm_that_stays_in_alarm_has_not_recovered(world: World) -> None:
    watch = world.watch()
    watch.wait_until_well()
    all_noticed(world)
    world.change(DOWN, 37, "OK", "ALARM")
    result = watch.result(world.run())
    assert result.recovered_after is None
    assert fallen(watch, result) == [f"alarm {DOWN} goes OK, ALARM, OK"]


def test_another_alarm_falls_short_and_one_that_only_has_data_or_none_does_not(world: World) -> None:
    watch = world.watch()
    watch.wait_until_well()
    all_noticed(world)
    world.change("shop-Backup", 15, "INSUFFICIENT_DATA", "OK")
    world.change("shop-Renewal", 15, "OK", "INSUFFICIENT_DATA")
    assert fallen(watch, watch.result(world.run())) == []
    world.change("shop-Redirect", 15, "OK", "ALARM")
    result = watch.result(world.run())
    assert fallen(watch, result) == ["no other alarm changes"]
    assert "shop-Redirect: OK → ALARM" in [check.detail for check in watch.judge(result)]


def test_alarms_may_be_named_by_how_they_begin(world: World) -> None:
    detection = Detection("inject", "recover", ("{{ stack }}-R*",), topic=None, notifications=())
    watch = world.watch(detection)
    assert watch.wait_until_well().detail == f"{READINESS}, shop-Redirect"


def test_an_alarm_that_does_not_exist_is_named_with_those_that_do(world: World) -> None:
    with pytest.raises(ScenarioError, match=r"no alarm is named shop-Latency; there are shop-Down, shop-Readiness"):
        world.watch(Detection("inject", "recover", ("shop-Latency",), topic=None, notifications=()))


def test_a_step_that_the_run_has_not_is_named(world: World) -> None:
    watch = world.watch(Detection("break", "recover", (DOWN,), topic=None, notifications=()))
    watch.wait_until_well()
    with pytest.raises(ScenarioError, match="the step break; the run has inject, recover"):
        watch.result(world.run())


def test_what_the_topic_tells_is_heard_in_order_and_the_queue_is_gone_afterwards(world: World) -> None:
    notices = (Notice("{{ stack }}-Readiness", "ALARM"), Notice(READINESS, "OK"))
    with world.watch(Detection("inject", "recover", (READINESS,), "{{ topic }}", notices)) as watch:
        world.tell(READINESS, "OK")  # before anybody listens
        watch.wait_until_well()
        world.change(READINESS, 14, "OK", "ALARM")
        world.change(READINESS, 33, "ALARM", "OK")
        world.tell(READINESS, "ALARM")
        world.sns.publish(TopicArn=world.topic, Subject="A runbook failed", Message="no alarm's")
        world.tell(READINESS, "OK")
        result = watch.result(world.run())
        assert [each.as_text() for each in result.notifications] == [
            f"{READINESS} ALARM",
            "A runbook failed",
            f"{READINESS} OK",
        ]
        assert fallen(watch, result) == []
    assert world.sqs.list_queues().get("QueueUrls", []) == []
    assert world.sns.list_subscriptions()["Subscriptions"] == []


def test_a_queue_does_not_outlive_a_subscription_that_cannot_be_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise ScenarioError("throttled")

    watch = world.watch(Detection("inject", "recover", (READINESS,), "{{ topic }}", ()))
    watch.wait_until_well()
    monkeypatch.setattr(world.sns, "unsubscribe", refuse)
    with pytest.raises(ScenarioError, match="throttled"):
        watch.__exit__(None, None, None)
    assert world.sqs.list_queues().get("QueueUrls", []) == []


def test_a_notification_that_does_not_come_falls_short(world: World) -> None:
    with world.watch(Detection("inject", "recover", (READINESS,), "{{ topic }}", ())) as watch:
        watch.wait_until_well()
        world.change(READINESS, 14, "OK", "ALARM")
        world.change(READINESS, 33, "ALARM", "OK")
        world.tell(READINESS, "ALARM")
        assert fallen(watch, watch.result(world.run())) == ["notifications come in order"]


@pytest.mark.parametrize(
    ("told", "wanted", "wrong"),
    [
        ([(READINESS, "ALARM"), (DOWN, "ALARM"), (DOWN, "OK"), (READINESS, "OK")], [], ""),
        ([(READINESS, "OK"), (READINESS, "ALARM")], [], "shop-Readiness was to tell ALARM, then OK"),
        ([(DOWN, "ALARM"), (DOWN, "OK")], [], "told nothing"),
        ([(READINESS, "ALARM"), (READINESS, "OK"), ("x", "OK")], [], "nothing was to be heard of x"),
        ([(READINESS, "ALARM"), (DOWN, "ALARM")], [(DOWN, "ALARM"), (READINESS, "ALARM")], "wanted shop-Down ALARM"),
    ],
)
def test_the_order_of_notifications(told: list[tuple[str, str]], wanted: list[tuple[str, str]], wrong: str) -> None:
    heard = [Notification(float(number), "", alarm, state) for number, (alarm, state) in enumerate(told)]
    watched = [READINESS, DOWN] if (DOWN, "OK") in told else [READINESS]
    answer = out_of_order(heard, wanted, watched)
    assert wrong in answer if wrong else answer == ""
