"""Where steps lead to, and what a runbook's flow may not do (reference §1.5, §2.4)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rehearsal.automation.errors import MalformedRunbookError

if TYPE_CHECKING:
    from rehearsal.automation.runbook import Step

ABORT = "Abort"
CONTINUE = "Continue"
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


def walk(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Yield every step, those inside loops too."""
    for step in steps:
        yield step
        yield from walk(step.steps)


def check_flow(steps: tuple[Step, ...]) -> None:
    """Refuse names that occur twice, targets that do not exist, and circles. Raises `MalformedRunbookError`."""
    _check_names(steps)
    _check_targets(steps, outer=frozenset())
    _check_cycles(steps)


def _check_names(steps: tuple[Step, ...]) -> None:
    seen: set[str] = set()
    for step in walk(steps):
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
