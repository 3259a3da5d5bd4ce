"""The keys of a step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rehearsal.documents.model import Intrinsic
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.inputs import is_open
from rehearsal.documents.shapes.types import described
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.runbook import Step
    from rehearsal.documents.source import Path

_KEYS = frozenset(
    [
        "name",
        "action",
        "description",
        "inputs",
        "maxAttempts",
        "timeoutSeconds",
        "onFailure",
        "onCancel",
        "isEnd",
        "nextStep",
        "isCritical",
        "outputs",
    ]
)
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")


def check(subject: Subject) -> Iterator[Problem]:
    """A name, an action and inputs; every other key known and of its type."""
    yield from _unnamed(subject.document.content.get("mainSteps"), ("mainSteps",))
    for step in subject.runbook.steps:
        yield from _identity(step)
        for key in step.body.keys() - _KEYS:
            message = f'"{key}" is no key of a step{did_you_mean(key, _KEYS)}'
            yield Problem((*step.path, key), message, on_key=True)
        yield from _types(step)
        yield from _jumps(step)


def _unnamed(steps: Any, path: Path) -> Iterator[Problem]:
    for index, step in enumerate(steps if isinstance(steps, list) else []):
        if not isinstance(step, dict):
            message = f"a step is a mapping, not {described(step)}"
            yield Problem((*path, index), message, service='Missing "name" in step detail.')


def _identity(step: Step) -> Iterator[Problem]:
    name, action = step.body.get("name"), step.body.get("action")
    if not isinstance(name, str) or not name:
        yield Problem(step.path, "the step has no name", service='Missing "name" in step detail.')
    elif not _NAME.match(name):
        message = f'the step name "{name}" may hold letters, digits and underscores only'
        yield Problem((*step.path, "name"), message, service=f"StepName: {name} is invalid.")
    if not isinstance(action, str) or not action:
        yield Problem(step.path, "the step has no action", service='Missing "action" in step detail.')


def _types(step: Step) -> Iterator[Problem]:
    if "inputs" not in step.body:
        yield Problem(step.path, "the step has no inputs (an action that takes none is given {})", Level.WARNING)
    elif not isinstance(step.body["inputs"], dict):
        yield Problem((*step.path, "inputs"), f"inputs is a mapping, not {described(step.body['inputs'])}")
    for key in ("isEnd", "isCritical"):
        value = step.body.get(key, False)
        if not isinstance(value, bool) and str(value).lower() not in {"true", "false"} and not is_open(value):
            yield Problem((*step.path, key), f"{key} is true or false, not {described(value)}")
    for key in ("maxAttempts", "timeoutSeconds"):
        value = step.body.get(key, 1)
        if not _is_count(value) and not is_open(value):
            yield Problem((*step.path, key), f"{key} is a whole number from 1, not {described(value)}")
    if not isinstance(step.body.get("description", ""), str):
        yield Problem((*step.path, "description"), "a description is text")
    if not isinstance(step.body.get("outputs", []), list):
        yield Problem((*step.path, "outputs"), "outputs is a list of mappings with Name, Selector and Type")


def _jumps(step: Step) -> Iterator[Problem]:
    for key, words in (("onFailure", ("Abort", "Continue")), ("onCancel", ("Abort",))):
        value = step.body.get(key)
        if value is None or isinstance(value, Intrinsic) or value in words or step.target_of(key) is not None:
            continue
        choices = ", ".join(sorted(words))
        guess = did_you_mean(value, words)
        yield Problem((*step.path, key), f"{key} is {choices} or step:<name>, not {described(value)}{guess}")
    following = step.body.get("nextStep")
    if following is not None and not isinstance(following, str):
        yield Problem((*step.path, "nextStep"), f"nextStep is the name of a step, not {described(following)}")


def _is_count(value: Any) -> bool:
    if isinstance(value, str):
        return value.isdecimal() and int(value[:12]) >= 1
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


RULE = Rule(
    id="A004",
    level=Level.ERROR,
    summary="Every step has a name, an action and inputs, and no key that steps do not have.",
    why="A step without name or action is refused; a misspelt key such as onFailed is a safety net that is not there.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
