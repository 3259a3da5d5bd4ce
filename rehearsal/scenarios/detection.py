"""Measures how soon alarms notice the fault of a drill, how soon they are well again, and whom they tell."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from rehearsal.scenarios.alarms import Alarms, Transition
from rehearsal.scenarios.checks import CheckResult
from rehearsal.scenarios.notifications import Listener, Notification, out_of_order
from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rehearsal.scenarios.proofs import Detection
    from rehearsal.scenarios.results import Run, StepResult
    from rehearsal.scenarios.surroundings import Surroundings

POLL_SECONDS = 0.5
# Until alarms are as they should be: first data, every evaluation period, and what is behind on a busy machine.
SETTLE_TICKS = 6
SETTLE_SECONDS = 30


@dataclass(frozen=True)
class AlarmResult:
    """One alarm that was to notice. Seconds after the fault, and after it was undone; None when it never did."""

    name: str
    detected_after: float | None
    recovered_after: float | None
    states: tuple[str, ...]
    """The states that it went through, the one that it began in first."""

    @property
    def is_right(self) -> bool:
        return self.states == ("OK", "ALARM", "OK")


@dataclass(frozen=True)
class DetectionResult:
    """Seconds are those of the first alarm that noticed, and of the last one that was well again.

    `fault` and `undone` are the moments (epoch seconds) from which they are counted, None where the run did not get
    there. `tick_seconds` is how long a minute of the alarms lasted.
    """

    tick_seconds: float
    fault: float | None
    undone: float | None
    alarms: tuple[AlarmResult, ...]
    others: tuple[Transition, ...]
    notifications: tuple[Notification, ...]

    @property
    def detected_after(self) -> float | None:
        return min((each.detected_after for each in self.alarms if each.detected_after is not None), default=None)

    @property
    def recovered_after(self) -> float | None:
        moments = [each.recovered_after for each in self.alarms if each.recovered_after is not None]
        return max(moments) if moments and len(moments) == len(self.alarms) else None


class DetectionWatch:
    """Watches from before the run until the alarms are well again. Used as a context: it leaves no subscription."""

    def __init__(self, detection: Detection, surroundings: Surroundings) -> None:
        self._detection = detection
        self._surroundings = surroundings
        self._tick = surroundings.tick_seconds
        self._alarms = Alarms(surroundings.aws.client("cloudwatch"))
        self._names = self._resolve()
        self._began = time.time()
        self._before: dict[str, str] = {}
        topic = surroundings.values.fill(detection.topic) if detection.topic else None
        self._listener = Listener(surroundings.aws, topic) if topic else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._listener:
            self._listener.close()

    def wait_until_well(self) -> CheckResult:
        """The alarms that are watched have to be OK before anything is broken; only then does the watch begin."""
        name = "alarms are OK before the run"
        deadline = time.monotonic() + self._settle_seconds
        while wrong := self._not_ok():
            if time.monotonic() > deadline:
                detail = ", ".join(f"{alarm} is {state}" for alarm, state in wrong.items())
                return CheckResult(name, passed=False, detail=f"{detail} after {self._settle_seconds:g} s")
            time.sleep(POLL_SECONDS)
        if self._listener:
            self._listener.open()
        self._began, self._before = time.time(), self._alarms.states()
        return CheckResult(name, passed=True, detail=", ".join(self._names))

    def result(self, run: Run) -> DetectionResult:
        """What the alarms did; waits (bounded) until each that was to notice has, and is well again."""
        fault, undone = self._moments(run)
        deadline = time.monotonic() + self._settle_seconds
        while True:
            transitions = self._alarms.transitions(self._began)
            alarms = tuple(self._alarm(name, transitions, fault, undone) for name in self._names)
            if all(alarm.is_right for alarm in alarms) or time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        others = [each for each in transitions if each.alarm not in self._names and each.is_news]
        expected = len(self._detection.notifications) or 2 * len(self._names)
        notifications = self._listener.heard(at_least=expected) if self._listener else []
        return DetectionResult(self._tick, fault, undone, alarms, tuple(others), tuple(notifications))

    def judge(self, result: DetectionResult) -> list[CheckResult]:
        ticks, after = self._detection.within_ticks, result.detected_after
        detail = (
            "nothing was noticed" if after is None else f"{after} s after the fault, {after / self._tick:.1f} ticks"
        )
        in_time = after is not None and after <= ticks * self._tick
        checks = [
            CheckResult(f"detected within {ticks:g} ticks of {self._tick:g} s", in_time, detail),
            *(
                CheckResult(f"alarm {alarm.name} goes OK, ALARM, OK", alarm.is_right, " → ".join(alarm.states))
                for alarm in result.alarms
            ),
            CheckResult(
                "no other alarm changes",
                not result.others,
                "; ".join(each.as_text() for each in result.others) or f"{len(self._before)} alarms looked at",
            ),
        ]
        if self._listener:
            checks.append(self._judge_notifications(result.notifications))
        return checks

    def _judge_notifications(self, heard: Sequence[Notification]) -> CheckResult:
        wanted = [(self._one(notice.alarm), notice.state) for notice in self._detection.notifications]
        wrong = out_of_order(heard, wanted, self._names)
        told = ", ".join(each.as_text() for each in heard)
        return CheckResult("notifications come in order", not wrong, f"{wrong}; heard: {told}" if wrong else told)

    def _moments(self, run: Run) -> tuple[float | None, float | None]:
        steps = {step.name: step for step in run.steps}
        for wanted in (self._detection.fault_step, self._detection.undo_step):
            if wanted not in steps:
                raise ScenarioError(f"detection names the step {wanted}; the run has {', '.join(steps)}")
        fault = steps[self._detection.fault_step]
        began = _told_moment(fault, self._detection.fault_key) if self._detection.fault_key else fault.started
        return began, steps[self._detection.undo_step].ended

    def _alarm(
        self, name: str, transitions: Sequence[Transition], fault: float | None, undone: float | None
    ) -> AlarmResult:
        own = [each for each in transitions if each.alarm == name]
        began = next((each.moment for each in own if each.state == "ALARM" and each.moment >= (fault or 0)), None)
        ended = next((each.moment for each in reversed(own) if each.state == "OK"), None)
        return AlarmResult(
            name=name,
            detected_after=_after(began, fault),
            recovered_after=_after(ended, undone) if own and own[-1].state == "OK" else None,
            states=(self._before.get(name, "OK"), *(each.state for each in own)),
        )

    def _resolve(self) -> tuple[str, ...]:
        known = self._alarms.states()
        patterns = [str(self._surroundings.values.fill(each)) for each in self._detection.alarms]
        found = {pattern: [name for name in known if _fits(name, pattern)] for pattern in patterns}
        if unknown := [pattern for pattern, names in found.items() if not names]:
            there = ", ".join(sorted(known)) or "none"
            raise ScenarioError(f"detection: no alarm is named {', '.join(unknown)}; there are {there}")
        return tuple(dict.fromkeys(name for names in found.values() for name in names))

    def _one(self, alarm: str) -> str:
        pattern = str(self._surroundings.values.fill(alarm))
        names = [name for name in self._names if _fits(name, pattern)]
        if len(names) != 1:
            raise ScenarioError(f"detection: a notification names {alarm}, which is {len(names)} of the alarms")
        return names[0]

    def _not_ok(self) -> dict[str, str]:
        states = self._alarms.states()
        return {name: states.get(name, "gone") for name in self._names if states.get(name) != "OK"}

    @property
    def _settle_seconds(self) -> float:
        return SETTLE_TICKS * self._tick + SETTLE_SECONDS


def _told_moment(step: StepResult, key: str) -> float:
    lines = [line for output in step.outputs for line in output.stdout.splitlines() if line.startswith("{")]
    try:
        return datetime.fromisoformat(json.loads(lines[-1])[key]).timestamp()
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise ScenarioError(
            f"detection: the command of {step.name} does not tell under {key} when it began"
        ) from problem


def _fits(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _after(moment: float | None, since: float | None) -> float | None:
    """Seconds; 0 for what came while the step that is counted from had not ended yet."""
    return None if moment is None or since is None else max(0.0, round(moment - since, 2))
