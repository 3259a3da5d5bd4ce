"""A runbook as the engine executes it: document content, read into frozen records.

The documents API checks content when a document is created. What is checked here is only what executing needs, so that
malformed content ends in a clear error instead of a traceback.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.automation.errors import MalformedRunbookError

ABORT = "Abort"
CONTINUE = "Continue"
LOOP = "aws:loop"

_NAME = re.compile(r"^[A-Za-z0-9_]+$")
_OUTPUT = re.compile(r"^[A-Za-z0-9_]+\.\S+$")
# Actions that a cancellation may not move to (reference §2.1, onCancel).
_NOT_AFTER_CANCEL = frozenset(
    f"aws:{name}"
    for name in (
        "approve",
        "copyImage",
        "createImage",
        "createStack",
        "createTags",
        "loop",
        "pause",
        "runInstances",
        "sleep",
    )
)


@dataclass(frozen=True)
class OutputSpec:
    """A declared output of a step."""

    name: str
    selector: str
    type: str = "String"


@dataclass(frozen=True)
class Step:
    """One step. `timeout_seconds` and `max_attempts` stay as written, since they may hold references."""

    name: str
    action: str
    inputs: Mapping[str, Any]
    outputs: tuple[OutputSpec, ...] = ()
    on_failure: str = ABORT  # Abort, Continue or the name of a step
    on_failure_text: str | None = None  # as written, for the API
    on_cancel: str | None = None  # the name of a step
    is_end: bool = False
    is_critical: bool | None = None
    next_step: str | None = None
    timeout_seconds: Any = None
    max_attempts: Any = None
    steps: tuple[Step, ...] = ()  # of a loop

    @property
    def critical(self) -> bool:
        """Whether a failure decides the status of the execution (reference §2.4, rule 6)."""
        return self.on_failure != CONTINUE if self.is_critical is None else self.is_critical


@dataclass(frozen=True)
class Runbook:
    """A whole document."""

    parameters: Mapping[str, Mapping[str, Any]]
    variables: Mapping[str, Mapping[str, Any]]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    assume_role: str | None
    files: Mapping[str, Any]

    def all_steps(self) -> Iterator[Step]:
        """Yield every step, those inside loops too."""
        return _walk(self.steps)


def _walk(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _walk(step.steps)


def parse_runbook(content: Any) -> Runbook:
    """Read document content. Raises `MalformedRunbookError`, which names the place."""
    if not isinstance(content, Mapping):
        raise MalformedRunbookError("The document is not a map.")
    if content.get("schemaVersion") != "0.3":
        raise MalformedRunbookError(
            f"schemaVersion is {content.get('schemaVersion')!r}; a runbook needs the string '0.3'."
        )
    raw_steps = content.get("mainSteps")
    if not isinstance(raw_steps, list) or not raw_steps:
        raise MalformedRunbookError('Missing "mainSteps" in the document.')
    steps = tuple(_step(raw, f"mainSteps[{index}]") for index, raw in enumerate(raw_steps))
    _check_names(steps)
    _check_targets(steps, outer=frozenset())
    _check_cycles(steps)
    return Runbook(
        parameters=_definitions(content, "parameters"),
        variables=_definitions(content, "variables"),
        steps=steps,
        outputs=_outputs(content.get("outputs") or [], steps),
        assume_role=content.get("assumeRole") or None,
        files=content.get("files") or {},
    )


def _definitions(content: Mapping[str, Any], key: str) -> dict[str, Mapping[str, Any]]:
    found = content.get(key) or {}
    if not isinstance(found, Mapping):
        raise MalformedRunbookError(f"{key} is not a map.")
    for name, definition in found.items():
        if not isinstance(definition, Mapping) or not isinstance(definition.get("type"), str):
            raise MalformedRunbookError(f'{key}.{name}: Missing "type" in parameter definition.')
    return dict(found)


def _outputs(raw: Any, steps: tuple[Step, ...]) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(entry, str) and _OUTPUT.match(entry) for entry in raw):
        raise MalformedRunbookError("outputs is not a list of stepName.OutputName.")
    names = {step.name for step in _walk(steps)}
    for entry in raw:
        if entry.partition(".")[0] not in names:
            raise MalformedRunbookError(f"Unknown step name in named output: {entry}")
    return tuple(raw)


def _step(raw: Any, where: str) -> Step:
    if not isinstance(raw, Mapping):
        raise MalformedRunbookError(f"{where} is not a map.")
    name, action = raw.get("name"), raw.get("action")
    if not isinstance(name, str):
        raise MalformedRunbookError(f'{where}: Missing "name" in step detail.')
    if not _NAME.match(name):
        raise MalformedRunbookError(f"StepName: {name} is invalid.")
    if not isinstance(action, str):
        raise MalformedRunbookError(f'{where} ({name}): Missing "action" in step detail.')
    inputs = raw.get("inputs") or {}
    if not isinstance(inputs, Mapping):
        raise MalformedRunbookError(f"Step {name}: inputs is not a map.")
    is_end = bool(_flag(raw, "isEnd", name))
    if is_end and raw.get("nextStep"):
        raise MalformedRunbookError(f'Step {name}: "isEnd == true" and nextStep should not exist in same step.')
    return Step(
        name=name,
        action=action,
        inputs=inputs,
        outputs=tuple(_output(entry, name) for entry in raw.get("outputs") or []),
        on_failure=_jump(raw.get("onFailure"), name, "onFailure", {ABORT, CONTINUE}) or ABORT,
        on_failure_text=raw.get("onFailure"),
        on_cancel=_on_cancel(raw, name, action),
        is_end=is_end,
        is_critical=_flag(raw, "isCritical", name),
        next_step=raw.get("nextStep") or None,
        timeout_seconds=raw.get("timeoutSeconds"),
        max_attempts=raw.get("maxAttempts"),
        steps=_inner_steps(inputs, name) if action == LOOP else (),
    )


def _inner_steps(inputs: Mapping[str, Any], name: str) -> tuple[Step, ...]:
    raw = inputs.get("Steps")
    if not isinstance(raw, list) or not raw:
        raise MalformedRunbookError(f"Step {name}: a loop needs a list of Steps.")
    return tuple(_step(entry, f"{name}.Steps[{index}]") for index, entry in enumerate(raw))


def _flag(raw: Mapping[str, Any], key: str, name: str) -> bool | None:
    value = raw.get(key)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:  # AWS's own runbooks write both
        return value.lower() == "true"
    raise MalformedRunbookError(f"Step {name}: {key} is {value!r}, not true or false.")


def _jump(value: Any, name: str, key: str, words: set[str]) -> str | None:
    if value is None or (isinstance(value, str) and value in words):
        return value
    if isinstance(value, str) and value.startswith("step:"):
        return value.removeprefix("step:").strip()
    raise MalformedRunbookError(f"Step {name}: {key} is {value!r}; it takes {', '.join(sorted(words))} or step:<name>.")


def _on_cancel(raw: Mapping[str, Any], name: str, action: str) -> str | None:
    target = _jump(raw.get("onCancel"), name, "onCancel", {ABORT})
    if target and target != ABORT and action in {LOOP, "aws:updateVariable"}:
        raise MalformedRunbookError(f"Step {name}: onCancel is not supported on {action}.")
    return None if target == ABORT else target


def _output(raw: Any, name: str) -> OutputSpec:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("Name"), str) or not isinstance(raw.get("Selector"), str):
        raise MalformedRunbookError(f"Step {name}: an output needs a Name and a Selector.")
    kind = raw.get("Type") or "String"
    if kind not in {"String", "Integer", "Boolean", "StringList", "StringMap", "MapList"}:
        raise MalformedRunbookError(f"Step {name}: output {raw['Name']} has the unknown type {kind!r}.")
    return OutputSpec(raw["Name"], raw["Selector"], kind)


def _check_names(steps: tuple[Step, ...]) -> None:
    seen: set[str] = set()
    for step in _walk(steps):
        if step.name in seen:
            raise MalformedRunbookError(f"Duplicate step names found in mainSteps of the document: {step.name}")
        seen.add(step.name)


def branch_targets(step: Step) -> list[tuple[str, str]]:
    """List where a branch may go, as pairs of the place and the step name."""
    if step.action != "aws:branch":
        return []
    choices = step.inputs.get("Choices")
    if not isinstance(choices, list) or not choices:
        raise MalformedRunbookError(f"Step {step.name}: a branch needs a list of Choices.")
    targets = []
    for index, choice in enumerate(choices):
        if not isinstance(choice, Mapping) or not isinstance(choice.get("NextStep"), str):
            raise MalformedRunbookError(f"Step {step.name}: Choices[{index}] has no NextStep.")
        targets.append((f"Choices[{index}].NextStep", choice["NextStep"]))
    if step.inputs.get("Default"):
        targets.append(("Default", str(step.inputs["Default"])))
    return targets


def _edges(step: Step) -> list[tuple[str, str]]:
    edges = branch_targets(step)
    if step.next_step:
        edges.append(("nextStep", step.next_step))
    if step.on_failure not in {ABORT, CONTINUE}:
        edges.append(("onFailure", step.on_failure))
    if step.on_cancel:
        edges.append(("onCancel", step.on_cancel))
    return edges


def _check_targets(steps: tuple[Step, ...], outer: frozenset[str]) -> None:
    known = outer | {step.name for step in steps}
    by_name = {step.name: step for step in steps}
    for step in steps:
        for place, target in _edges(step):
            if target not in known:
                raise MalformedRunbookError(f'Step {step.name}: Unknown step name: "{target}" in {place}')
        if step.on_cancel in by_name and by_name[step.on_cancel].action in _NOT_AFTER_CANCEL:
            action = by_name[step.on_cancel].action
            raise MalformedRunbookError(f"Step {step.name}: onCancel may not move to a step of {action}.")
        _check_targets(step.steps, known)


def _check_cycles(steps: tuple[Step, ...]) -> None:
    """Refuse a circle of steps, which the service does before it processes a runbook (reference §1.5)."""
    following = {step.name: after.name for step, after in itertools.pairwise(steps)}
    successors = {}
    for step in steps:
        targets = [target for _, target in _edges(step)]
        if not step.is_end and not step.next_step and step.name in following:
            targets.append(following[step.name])
        successors[step.name] = targets
    done: set[str] = set()
    for start in successors:
        _visit(start, successors, done)
    for step in steps:
        if step.steps:
            _check_cycles(step.steps)


def _visit(start: str, successors: Mapping[str, list[str]], done: set[str]) -> None:
    path: list[str] = []
    stack = [iter([start])]
    while stack:
        name = next(stack[-1], None)
        if name is None:
            stack.pop()
            if path:
                done.add(path.pop())
            continue
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            raise MalformedRunbookError(f"The steps form a circle: {circle}")
        if name not in done:
            path.append(name)
            stack.append(iter(successors.get(name, ())))
