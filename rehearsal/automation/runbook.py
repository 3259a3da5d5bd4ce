"""A runbook as the engine executes it: document content, read into frozen records.

The documents API checks content when a document is created. What is checked here is only what executing needs, so that
malformed content ends in a clear error instead of a traceback.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.automation.errors import MalformedRunbookError
from rehearsal.automation.flow import ABORT, CONTINUE, check_flow, walk

LOOP = "aws:loop"

_NAME = re.compile(r"^[A-Za-z0-9_]+$")
_OUTPUT = re.compile(r"^[A-Za-z0-9_]+\.\S+$")


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
        return walk(self.steps)


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
    check_flow(steps)
    return Runbook(
        parameters=_definitions(content, "parameters"),
        variables=_definitions(content, "variables"),
        steps=steps,
        outputs=_outputs(content.get("outputs") or [], steps),
        assume_role=_text(content, "assumeRole", "The document"),
        files=_map(content, "files"),
    )


def _text(raw: Mapping[str, Any], key: str, where: str) -> str | None:
    value = raw.get(key)
    if value is None or isinstance(value, str):
        return value or None
    raise MalformedRunbookError(f"{where}: {key} is {value!r:.100}, not a string.")


def _map(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = content.get(key) or {}
    if not isinstance(found, Mapping):
        raise MalformedRunbookError(f"{key} is not a map.")
    return found


def _declared_outputs(raw: Mapping[str, Any], name: str) -> tuple[OutputSpec, ...]:
    found = raw.get("outputs") or []
    if not isinstance(found, list):
        raise MalformedRunbookError(f"Step {name}: outputs is not a list.")
    return tuple(_output(entry, name) for entry in found)


def _definitions(content: Mapping[str, Any], key: str) -> dict[str, Mapping[str, Any]]:
    found = _map(content, key)
    for name, definition in found.items():
        if not isinstance(definition, Mapping) or not isinstance(definition.get("type"), str):
            raise MalformedRunbookError(f'{key}.{name}: Missing "type" in parameter definition.')
    return dict(found)


def _outputs(raw: Any, steps: tuple[Step, ...]) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(entry, str) and _OUTPUT.match(entry) for entry in raw):
        raise MalformedRunbookError("outputs is not a list of stepName.OutputName.")
    names = {step.name for step in walk(steps)}
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
        outputs=_declared_outputs(raw, name),
        on_failure=_jump(raw.get("onFailure"), name, "onFailure", {ABORT, CONTINUE}) or ABORT,
        on_failure_text=raw.get("onFailure"),
        on_cancel=_on_cancel(raw, name, action),
        is_end=is_end,
        is_critical=_flag(raw, "isCritical", name),
        next_step=_text(raw, "nextStep", f"Step {name}"),
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
