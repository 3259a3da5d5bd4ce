"""The steps of a Command document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.types import described
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.documents.command import CommandStep

_KEYS = frozenset({"name", "action", "description", "inputs", "precondition", "maxAttempts", "settings"})
_IGNORED = frozenset(
    {"onFailure", "onSuccess", "finallyStep", "timeoutSeconds", "isEnd", "nextStep", "isCritical", "onCancel"}
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\Z")


def check(subject: Subject) -> Iterator[Problem]:
    """A name that is unique and can be part of a path, an action, inputs, and no unknown key."""
    listed = subject.document.content.get("mainSteps")
    for index, step in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(step, dict):
            text = 'Missing "name" in step detail.'
            yield Problem(("mainSteps", index), f"a step is a mapping, not {described(step)}", service=text)
    if "mainSteps" not in subject.document.content:
        return
    seen: set[str] = set()
    for command_step in subject.command.steps:
        yield from _step(command_step, seen)


def _step(step: CommandStep, seen: set[str]) -> Iterator[Problem]:
    if not step.name:
        yield Problem(step.path, "the step has no name", service='Missing "name" in step detail.')
    elif not _NAME.match(step.name):
        yield Problem(
            (*step.path, "name"), f'the name "{step.name}" becomes part of a path that a shell reads: it breaks'
        )
    elif step.name in seen:
        text = "Duplicate step names found in mainSteps of the document."
        yield Problem((*step.path, "name"), f'the step name "{step.name}" is taken by a step above', service=text)
    seen.add(step.name)
    if not step.action:
        yield Problem(step.path, "the step has no action", service='Missing "action" in step detail.')
    yield from _keys(step.body, step)


def _keys(body: Mapping[str, Any], step: CommandStep) -> Iterator[Problem]:
    for key in body.keys() - _KEYS - _IGNORED:
        yield Problem((*step.path, key), f'"{key}" is no key of a step{did_you_mean(key, _KEYS)}', on_key=True)
    inputs = body.get("inputs")
    if not isinstance(inputs, dict | list):
        yield Problem(step.path, "the step has no inputs")


RULE = Rule(
    id="C003",
    level=Level.ERROR,
    summary="Every step has a unique name that can stand in a path, an action and inputs, and no unknown key.",
    why="The agent runs a file below a folder of that name: a space in it fails the step with code 127.",
    source="https://github.com/aws/amazon-ssm-agent/blob/3.3.1142.0/agent/framework/runpluginutil/runpluginutil.go",
    check=check,
    kinds=COMMAND,
    enforced=True,
)
