"""What an action is, and what it gets to work with."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rehearsal.automation.errors import InvalidInputError, StepTimedOutError
from rehearsal.automation.outputs import IsOptional, never_optional

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rehearsal.automation.access import Caller, Session, StoredDocument
    from rehearsal.automation.control import Control, Signal
    from rehearsal.automation.records import ExecutionRecord
    from rehearsal.automation.runbook import Step
    from rehearsal.automation.scope import Scope
    from rehearsal.automation.scripts.pool import ScriptPool
    from rehearsal.automation.settings import EngineSettings
    from rehearsal.automation.statuses import Impact

T = TypeVar("T")


@dataclass(frozen=True)
class Input:
    """One input that an action takes. `types` are the Python types that a value may have after resolving."""

    types: tuple[type, ...]
    required: bool = False


TEXT = (str,)
NUMBER = (int, str)
FLAG = (bool, str)
LIST = (list,)
MAP = (dict,)
ANYTHING = (object,)


@dataclass(frozen=True)
class StepResult:
    """What a successful attempt yields.

    `document` is what declared outputs select from (None: the outputs themselves). `optional` says whether a selector
    that selects nothing is an absent optional member. `payload` is what `OutputPayload` shows (None: no such output).
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    document: Any = None
    optional: IsOptional = never_optional
    payload: Mapping[str, Any] | None = None
    next_step: str | None = None  # of a branch
    exit_to: str | None = None  # of a loop that an inner step left


class Services(Protocol):
    """What an action may ask of the engine."""

    @property
    def settings(self) -> EngineSettings: ...

    @property
    def scripts(self) -> ScriptPool: ...

    def adopt(self, token: str, parent: ExecutionRecord) -> None:
        """Make the execution that will be started with `token` a child of `parent`."""
        ...

    def disown(self, token: str) -> None:
        """Take `adopt` back, where it was not used."""
        ...

    def await_execution(self, execution_id: str, control: Control, deadline: float) -> bool | None:
        """Wait for an execution to end: True it did, False out of time, None it is not one of this engine's."""
        ...

    def stop_execution(self, execution_id: str) -> bool:
        """Cancel an execution, if it still runs; say whether it is one of this engine's."""
        ...


class LoopBody(Protocol):
    """Runs the inner steps of a loop once. Returns the step outside that they left for, or None."""

    def __call__(self, iteration: int, value: Any) -> str | None: ...


@dataclass
class StepContext:
    """One attempt of one step. Times are `time.monotonic()`."""

    step: Step
    inputs: dict[str, Any]
    session: Session
    has_role: bool
    scope: Scope
    execution: ExecutionRecord
    document: StoredDocument
    caller: Caller
    services: Services
    control: Control
    deadline: float
    blocked: Callable[[bool], Any]  # a context: the slot is free meanwhile; the flag says "for a child"
    show_waiting: Callable[[bool], None]
    show_outputs: Callable[[Mapping[str, Any]], None]
    loop_body: LoopBody

    @property
    def settings(self) -> EngineSettings:
        """The engine's settings."""
        return self.services.settings

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client with the execution's credentials."""
        return self.session.client(service, region)

    def remaining(self) -> float:
        """Return how many seconds this attempt has left."""
        return max(0.0, self.deadline - time.monotonic())

    def wait(self, seconds: float, stage: str) -> None:
        """Pause. Raises `StepTimedOutError` at the attempt's deadline and `StepCancelledError` on a stop."""
        end = time.monotonic() + seconds
        self.control.wait(min(end, self.deadline))
        if end > self.deadline:
            raise StepTimedOutError(stage)

    def pauses(self, stage: str) -> Iterator[None]:
        """Yield at once and then after each pause between two looks at a resource, until the attempt's time is up."""
        shortest, longest = self.settings.poll_seconds
        pause = shortest
        while True:
            yield
            self.wait(pause, stage)
            pause = min(pause * 1.5, longest)

    def signals(self, stage: str) -> Iterator[Signal]:
        """Yield signals as they come. Raises `StepTimedOutError` at the attempt's deadline."""
        while True:
            signal = self.control.next_signal(self.deadline)
            if signal is not None:
                yield signal
            elif time.monotonic() >= self.deadline:
                raise StepTimedOutError(stage)

    def call(self, function: Callable[[], T], stage: str, seconds: float | None = None) -> T:
        """Run a blocking call that a stop or the deadline can leave behind (it is not interrupted itself)."""
        outcome: list[T] = []
        failure: list[BaseException] = []
        done = threading.Event()

        def run() -> None:
            try:
                outcome.append(function())
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                failure.append(error)
            done.set()
            self.control.wake()

        limit = self.deadline if seconds is None else min(self.deadline, time.monotonic() + seconds)
        threading.Thread(target=run, name=f"{self.step.name} call", daemon=True).start()
        if not self.control.wait(limit, done.is_set):
            raise StepTimedOutError(stage)
        if failure:
            raise failure[0]
        return outcome[0]

    @contextmanager
    def waiting_for_person(self) -> Iterator[None]:
        """Show the execution as Waiting and give its slot back meanwhile."""
        self.show_waiting(True)
        try:
            with self.blocked(False):
                yield
        finally:
            self.show_waiting(False)


@dataclass(frozen=True)
class Action:
    """One action of schema 0.3.

    `inputs` lists what it takes; None means any (the parameters of an API, for example). `late` inputs are resolved by
    the action itself, when it needs them.
    """

    name: str
    run: Callable[[StepContext], StepResult]
    impact: Impact
    inputs: Mapping[str, Input] | None = field(default_factory=dict)
    required: tuple[str, ...] = ()
    default_timeout: float = 3600
    maximum_timeout: float | None = None
    late: frozenset[str] = frozenset()
    retries_throttling: bool = True


def check_inputs(action: Action, inputs: Mapping[str, Any]) -> None:
    """Raise `InvalidInputError` for a missing, unknown or ill-typed input."""
    for name in action.required:
        if inputs.get(name) in (None, "", [], {}):
            raise InvalidInputError(f"Input {name} of {action.name} is required")
    if action.inputs is None:
        return
    for name, value in inputs.items():
        taken = action.inputs.get(name)
        if taken is None:
            raise InvalidInputError(
                f"Input {name} is not one that {action.name} takes ({', '.join(sorted(action.inputs))})"
            )
        fits = isinstance(value, taken.types) and not (isinstance(value, bool) and not _takes_flag(taken))
        if value is not None and not fits:
            wanted = " or ".join(_TYPE_NAMES.get(kind, kind.__name__) for kind in taken.types)
            raise InvalidInputError(f"Input {name} of {action.name} is {value!r:.100}, which is not a {wanted}")
    for name, taken in action.inputs.items():
        if taken.required and inputs.get(name) in (None, "", [], {}):
            raise InvalidInputError(f"Input {name} of {action.name} is required")


_TYPE_NAMES: Mapping[type, str] = {str: "String", int: "Integer", bool: "Boolean", list: "list", dict: "map"}


def _takes_flag(taken: Input) -> bool:
    return bool in taken.types or object in taken.types


def flag(value: Any, name: str, default: bool = False) -> bool:
    """Read a Boolean input, which documents also write as text."""
    if value is None or value == "":
        return default
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise InvalidInputError(f"Input {name} is {value!r}, which is not a Boolean")


def number(value: Any, name: str) -> int:
    """Read an Integer input, which documents also write as text."""
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"Input {name} is {value!r}, which is not an Integer") from error
