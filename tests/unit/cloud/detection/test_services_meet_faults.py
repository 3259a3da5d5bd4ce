"""What goes wrong in one place stays there: ends that fail, data that breaks, looks at the same time."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from rehearsal.cloud import Cloud, CloudSettings
from rehearsal.cloud.cloudwatch.alarms import Alarm
from rehearsal.cloud.cloudwatch.embedded import read_embedded
from rehearsal.cloud.cloudwatch.metrics import MetricStore
from rehearsal.cloud.cloudwatch.watching import Watch
from rehearsal.cloud.deliveries import Deliveries, Delivery
from rehearsal.cloud.functions.logs import lines_of
from rehearsal.cloud.functions.process_runner import ProcessRunner
from rehearsal.cloud.functions.runner import Ending, FunctionCall, FunctionResult, RunnerError
from rehearsal.cloud.services import Services

from .conftest import REGION, role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CALL = FunctionCall(
    identity="one", arn="arn:aws:lambda:us-east-1:111122223333:function:f", name="f", version="$LATEST",
    runtime="python3.13", handler="main.handler", code=b"", environment={},
    expires=datetime.now(UTC) + timedelta(days=1), event=b"{}", request_id="r", timeout_seconds=3, memory_mib=128,
    log_group="/aws/lambda/f", log_stream="s",
)  # fmt: skip
DIRECTIVE = {"Namespace": "N", "Dimensions": [["Stack"]], "Metrics": [{"Name": "Failed"}]}


class Gone:
    """A process whose container has been removed."""

    def __init__(self, argv: Sequence[str]) -> None:
        del argv

    def send(self, text: str) -> None:
        """Take it."""

    def lines(self) -> Iterator[str]:
        return iter(())

    def stop(self) -> None:
        raise OSError("No such container: internet")


class BrokenRunner:
    def run(self, call: FunctionCall) -> FunctionResult:
        raise RunnerError(call.name)

    def sweep(self) -> None:
        """Nothing is idle."""

    def close(self) -> None:
        raise OSError("No such container: internet")


def make_services() -> Services:
    return Services(cast("Any", None), CloudSettings(), lambda: "", lambda: None, BrokenRunner)


def test_a_runner_that_cannot_be_closed_does_not_keep_the_cloud_from_its_last_save() -> None:
    services = make_services()
    assert services.runner
    services.close()
    assert services.is_closing


def test_what_comes_too_late_is_not_started_until_the_cloud_is() -> None:
    services = make_services()
    done: list[str] = []
    services.close()
    services.submit(done.append, "late")
    with pytest.raises(RunnerError, match="is stopping"):
        assert services.runner
    services.open()
    ended = threading.Event()
    services.submit(done.append, "in time")
    services.submit(ended.set)
    assert ended.wait(60)
    services.close()
    assert done == ["in time"]


def test_what_two_look_at_is_done_once() -> None:
    services, deliveries, started = make_services(), Deliveries(), []
    deliveries.add(Delivery("arn:aws:events:us-east-1:1:rule/r", {"Arn": "arn"}, "now"))
    deliveries.add(Delivery("arn:aws:events:us-east-1:1:rule/r", {"Arn": "arn"}, "later", due=time.time() + 3600))
    holding, go_on = threading.Event(), threading.Event()

    def deliver(delivery: Delivery) -> None:
        started.append(delivery.body)
        holding.set()
        assert go_on.wait(60)

    deliveries.dispatch(services, REGION, deliver)
    assert holding.wait(60)
    assert not services.claim(deliveries.waiting[0])
    deliveries.dispatch(services, REGION, deliver)
    go_on.set()
    services.close()
    assert started == ["now"]
    assert [each.body for each in deliveries.waiting] == ["later"]


def test_a_process_whose_container_is_gone_is_an_error_of_the_runner_alone() -> None:
    runner = ProcessRunner(Gone)
    with pytest.raises(RunnerError, match="ended without an answer"):
        runner.run(CALL)
    runner.close()


def test_a_function_that_starts_while_the_cloud_stops_is_ended() -> None:
    stopped = []

    class Late(Gone):
        def __init__(self, argv: Sequence[str]) -> None:
            super().__init__(argv)
            runner.close()

        def stop(self) -> None:
            stopped.append(self)

    runner = ProcessRunner(Late)
    with pytest.raises(RunnerError, match="is stopping"):
        runner.run(CALL)
    assert stopped


@pytest.mark.parametrize("inside", ["\r", "\u2028", "\x0b", "\x85"])
def test_a_line_of_a_log_is_one_event_whatever_is_in_it(inside: str) -> None:
    result = FunctionResult(
        payload=b"null", ending=Ending.SUCCESS, log=f"one{inside}two\nthree\n", log_stream="s", duration_ms=1,
        max_memory_mib=1,
    )  # fmt: skip
    assert lines_of(CALL, result)[1:-2] == [f"one{inside}two", "three"]


@pytest.mark.parametrize(
    "change",
    [
        {"_aws": {"Timestamp": 1e300, "CloudWatchMetrics": [DIRECTIVE]}},
        {"_aws": {"Timestamp": float("nan"), "CloudWatchMetrics": [DIRECTIVE]}},
        {"_aws": {"Timestamp": "now", "CloudWatchMetrics": [DIRECTIVE]}},
        {"_aws": {"Timestamp": 0, "CloudWatchMetrics": [{**DIRECTIVE, "Dimensions": [[["Stack"]]]}]}},
        {"Failed": float("nan")},
        {"Failed": float("inf")},
        {"Failed": 10**400},
    ],
)
def test_a_line_that_breaks_the_metric_format_yields_nothing(change: dict[str, Any]) -> None:
    good = {"_aws": {"Timestamp": 0, "CloudWatchMetrics": [DIRECTIVE]}, "Stack": "shop", "Failed": 1}
    assert len(list(read_embedded(json.dumps(good)))) == 1
    assert list(read_embedded(json.dumps(good | change))) == []


def test_an_alarm_that_cannot_be_evaluated_does_not_keep_others_from_it(caplog: pytest.LogCaptureFixture) -> None:
    entered: list[tuple[str, str]] = []

    class Moves:
        def enter(self, alarm: Alarm, state: str, *_: object) -> None:
            entered.append((alarm.name, state))

    silent = {
        "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "breaching",
    }  # fmt: skip
    alarms = {name: Alarm(name, f"arn:{name}", silent, is_composite=False) for name in ("broken", "whole")}
    alarms["broken"].settings = silent | {"Threshold": "much"}
    watch = Watch(make_services(), MetricStore(), alarms, cast("Any", Moves()))
    watch.look()
    assert entered == [("whole", "ALARM")]
    assert "alarm broken cannot be evaluated" in caplog.text


def test_sessions_of_roles_are_forgotten_once_they_are_not_handed_out_again(
    cloud: Cloud, client: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = role(client("iam"), "forgotten", "fis.amazonaws.com")
    monkeypatch.setattr("rehearsal.cloud.role_clients.FRESH", timedelta(seconds=-1))
    for experiment in ("one", "two", "three"):
        cloud.services.roles.credentials(arn, "fis.amazonaws.com", experiment, REGION)
    assert [key[2] for key in cloud.services.roles._sessions] == ["three"]  # what a long rehearsal keeps
