"""`aws:loop`: run steps for each of a list, or while a condition holds (reference §3.17)."""

from __future__ import annotations

from typing import Any

from rehearsal.automation.action import (
    ANYTHING,
    LIST,
    MAP,
    NUMBER,
    TEXT,
    Action,
    Input,
    StepContext,
    StepResult,
    number,
)
from rehearsal.automation.conditions import holds
from rehearsal.automation.errors import InvalidInputError
from rehearsal.automation.outputs import convert
from rehearsal.automation.references import resolve
from rehearsal.automation.statuses import Impact

_TYPES = ("String", "Boolean", "Integer", "StringMap")


def run(context: StepContext) -> StepResult:
    """Run the steps at least once; the condition is looked at after them."""
    inputs = context.inputs
    has_list, has_condition = inputs.get("Iterators") is not None, inputs.get("LoopCondition") is not None
    if has_list == has_condition:
        raise InvalidInputError("aws:loop takes either Iterators or LoopCondition")
    most = _most(context)
    values = _values(context) if has_list else [None] * most
    for iteration, value in enumerate(values[:most], start=1):
        left_for = _iterate(context, iteration, value, with_value=has_list)
        if left_for is not None:
            return StepResult(exit_to=left_for)
        if has_condition and not holds(inputs["LoopCondition"], context.scope, "LoopCondition"):
            break
    return StepResult()


def _most(context: StepContext) -> int:
    limit = context.settings.limits.loop_iterations
    most = number(context.inputs.get("MaxIterations") or limit, "MaxIterations")
    if not 1 <= most <= limit:
        raise InvalidInputError(f"MaxIterations is {most}; it has to be from 1 to {limit}")
    return most


def _values(context: StepContext) -> list[Any]:
    limit = context.settings.limits.loop_iterations
    values = resolve(context.inputs["Iterators"], context.scope)
    if not isinstance(values, list):
        raise InvalidInputError(f"Iterators is {values!r:.100}, which is not a list")
    if len(values) > limit:
        raise InvalidInputError(f"Iterators has {len(values)} items; the most is {limit}")
    kind = context.inputs.get("IteratorDataType") or "String"
    if kind not in _TYPES:
        raise InvalidInputError(f"IteratorDataType {kind} is none of {', '.join(_TYPES)}")
    try:
        return [convert(value, kind) for value in values]
    except ValueError as error:
        raise InvalidInputError(f"Iterators: {error}") from error


def _iterate(context: StepContext, iteration: int, value: Any, *, with_value: bool) -> str | None:
    current: dict[str, Any] = {"CurrentIteration": iteration}
    if with_value:
        current["CurrentIteratorValue"] = value
    context.scope.outputs[context.step.name] = current
    return context.loop_body(iteration, value)


ACTION = Action(
    name="aws:loop",
    run=run,
    impact=Impact.UNDETERMINED,
    inputs={
        "Iterators": Input(ANYTHING),
        "IteratorDataType": Input(TEXT),
        "LoopCondition": Input(MAP),
        "MaxIterations": Input(NUMBER),
        "Steps": Input(LIST, required=True),
    },
    late=frozenset({"Iterators", "LoopCondition", "Steps"}),
    default_timeout=604_800,
)
