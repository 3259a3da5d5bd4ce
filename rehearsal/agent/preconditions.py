"""Whether a step is run, skipped or failed before it starts: its action, its precondition, the platform."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rehearsal.agent import goformat, parameters
from rehearsal.agent.ssm_references import REFERENCE, SECURE_REFERENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.agent.content import Step

PLATFORM = "linux"
_PLATFORM_VARIABLE = "platformType"


class Operation(StrEnum):
    EXECUTE = "execute"
    SKIP = "skip"
    FAIL = "fail"


def decide(
    step: Step, *, values: Mapping[str, Any], enabled: bool, known: bool, handled: bool
) -> tuple[Operation, str]:
    """What to do with a step, and the message when it is not to be run.

    `enabled`: the schema version has preconditions. `known`: some agent has this action. `handled`: this platform has.
    """
    too_new = (
        f"Plugin with name {step.action} is not supported by this version of ssm agent, "
        f"please update to latest version. Step name: {step.name}"
    )
    unsupported = f"Step execution skipped due to unsupported plugin: {step.action}. Step name: {step.name}"
    if not enabled:
        return _decide_before_preconditions(step, known=known, handled=handled, too_new=too_new)
    allowed, complaints = evaluate(step.preconditions, values)
    if not known and allowed:
        return Operation.FAIL, too_new
    if not handled:
        return Operation.SKIP, unsupported
    listed = ", ".join(complaints)
    if not allowed:
        return (
            Operation.SKIP,
            f"Step execution skipped due to unsatisfied preconditions: '{listed}'. Step name: {step.name}",
        )
    if complaints:
        return (
            Operation.FAIL,
            f"Unrecognized precondition(s): '{listed}', please update agent to latest version. Step name: {step.name}",
        )
    return Operation.EXECUTE, ""


def _decide_before_preconditions(step: Step, *, known: bool, handled: bool, too_new: str) -> tuple[Operation, str]:
    if not known:
        return Operation.FAIL, too_new
    if step.preconditions:
        message = f"Precondition is not supported for document schema version prior to 2.2. Step name: {step.name}"
        return Operation.FAIL, message
    if not handled:
        return Operation.FAIL, f"Plugin with name {step.action} not found. Step name: {step.name}"
    return Operation.EXECUTE, ""


def evaluate(preconditions: Mapping[str, list[str]], values: Mapping[str, Any]) -> tuple[bool, list[str]]:
    """Whether the preconditions hold, and what is wrong with or unsatisfied in them."""
    allowed = True
    complaints: list[str] = []
    for operator, arguments in preconditions.items():
        if operator != "StringEquals":
            complaints.append(f'unrecognized operator: "{operator}"')
            continue
        holds, complaint = _string_equals(operator, arguments, values)
        allowed = allowed and holds
        complaints += [complaint] if complaint else []
    return allowed, complaints


def _string_equals(operator: str, arguments: list[str], values: Mapping[str, Any]) -> tuple[bool, str]:
    if len(arguments) != 2:  # noqa: PLR2004 - the operator's arity
        return True, f'"{operator}": operator accepts exactly 2 arguments'
    first, second = arguments
    if first == second:
        if first == _PLATFORM_VARIABLE:
            return True, f'"{operator}": [{first} {second}]'
        return True, f"\"{operator}\": operator's arguments can't be identical"
    for pattern, what in ((REFERENCE, "SSM parameters"), (SECURE_REFERENCE, "secure SSM parameters")):
        if pattern.search(first) or pattern.search(second):
            return True, f"\"{operator}\": operator's arguments can't contain {what}"
    resolved = [goformat.text_of(parameters.replace(argument, values)) for argument in arguments]
    unsatisfied = f'"{operator}": [{first}, {second}]'
    if _PLATFORM_VARIABLE in arguments:
        other = 1 - arguments.index(_PLATFORM_VARIABLE)
        if arguments[other].lower() != resolved[other].lower():
            return True, (
                f'"{operator}": the second argument for the platformType variable can\'t contain document parameters'
            )
        return (True, "") if arguments[other].lower() == PLATFORM else (False, unsatisfied)
    if resolved == arguments:
        return True, f'"{operator}": at least one of operator\'s arguments must contain a valid document parameter'
    return (True, "") if resolved[0] == resolved[1] else (False, unsatisfied)
