"""The choices of branches and the conditions of loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.documents.model import Intrinsic
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.inputs import integer, is_open
from rehearsal.documents.shapes.types import described
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.source import Path

_TEXTS = frozenset({"StringEquals", "EqualsIgnoreCase", "StartsWith", "EndsWith", "Contains"})
_NUMBERS = frozenset(
    {"NumericEquals", "NumericGreater", "NumericLesser", "NumericGreaterOrEquals", "NumericLesserOrEquals"}
)
_OPERATORS = _TEXTS | _NUMBERS | {"BooleanEquals"}
_COMBINING = ("And", "Or", "Not")


def check(subject: Subject) -> Iterator[Problem]:
    """Each choice has a NextStep and a condition with one variable and one operator that Automation has."""
    for step in subject.runbook.steps:
        if step.action == "aws:branch":
            choices = step.inputs.get("Choices")
            for index, choice in enumerate(choices if isinstance(choices, list) else []):
                yield from _choice(choice, (*step.path, "inputs", "Choices", index))
        elif step.action == "aws:loop" and "LoopCondition" in step.inputs:
            yield from _condition(step.inputs["LoopCondition"], (*step.path, "inputs", "LoopCondition"), frozenset())


def _choice(choice: Any, path: Path) -> Iterator[Problem]:
    if isinstance(choice, Intrinsic):
        return
    if not isinstance(choice, dict):
        yield Problem(path, f"a choice is a mapping, not {described(choice)}")
        return
    if not isinstance(choice.get("NextStep"), str):
        yield Problem(path, "the choice has no NextStep", service='Missing "NextStep" in a choice of aws:branch.')
    yield from _condition(choice, path, frozenset({"NextStep"}))


def _condition(condition: Any, path: Path, also: frozenset[str]) -> Iterator[Problem]:
    if not isinstance(condition, dict):
        yield Problem(path, f"a condition is a mapping, not {described(condition)}")
        return
    combining = [key for key in _COMBINING if key in condition]
    operators = [key for key in condition if key in _OPERATORS]
    for key in condition.keys() - _OPERATORS - {"Variable", *_COMBINING} - also:
        text = f"Unsupported operation in aws:branch: {key}"
        yield Problem(
            (*path, key), f'there is no operator "{key}"{did_you_mean(key, _OPERATORS)}', on_key=True, service=text
        )
    if len(combining) + len(operators) != 1:
        known = ", ".join(sorted(_OPERATORS))
        yield Problem(path, f"a condition has just one operator: {known}, or one of And, Or, Not")
    for key in combining:
        yield from _combined(condition[key], (*path, key), key)
    for key in operators:
        if "Variable" not in condition:
            yield Problem(path, f"{key} compares a Variable, and there is none")
        yield from _operand(condition[key], (*path, key), key)


def _combined(value: Any, path: Path, key: str) -> Iterator[Problem]:
    if key == "Not" and isinstance(value, dict):
        yield from _condition(value, path, frozenset())
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _condition(item, (*path, index), frozenset())
    else:
        yield Problem(path, f"{key} takes {'a condition' if key == 'Not' else 'a list of conditions'}")


def _operand(value: Any, path: Path, operator: str) -> Iterator[Problem]:
    if is_open(value):
        return
    if operator == "BooleanEquals" and not isinstance(value, bool) and str(value).lower() not in {"true", "false"}:
        yield Problem(path, f"BooleanEquals compares with true or false, not {described(value)}")
    elif operator in _NUMBERS and integer(value) is None and not isinstance(value, float):
        yield Problem(path, f"{operator} compares with a number, not {described(value)}")
    elif operator in _TEXTS and isinstance(value, bool):
        written = "true" if value else "false"
        message = f'{operator} compares texts, and this is a boolean: write "{written}" with quotes, or BooleanEquals'
        yield Problem(path, message)
    elif operator in _TEXTS and not isinstance(value, str | int | float):
        yield Problem(path, f"{operator} compares texts, and this is {described(value)}")


RULE = Rule(
    id="A012",
    level=Level.ERROR,
    summary="Each choice of a branch has a NextStep, one variable and one operator that Automation has.",
    why="The service refuses operators that it does not have; a text compared with a boolean never matches.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-branch.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
