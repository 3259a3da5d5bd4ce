"""What assert and wait share: reading a property of a resource and comparing it with the desired values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rehearsal.automation.actions._aws import ApiCall
from rehearsal.automation.encoding import json_text
from rehearsal.automation.errors import InvalidInputError
from rehearsal.automation.selectors import compile_selector

if TYPE_CHECKING:
    from rehearsal.automation.action import StepContext

OWN_INPUTS = frozenset({"Service", "Api", "PropertySelector", "DesiredValues"})
REQUIRED = ("Service", "Api", "PropertySelector", "DesiredValues")


def check(inputs: Mapping[str, Any]) -> None:
    """Raise `InvalidInputError` when the desired values are no list or the selector is no selector."""
    if not isinstance(inputs["DesiredValues"], list):
        raise InvalidInputError("Input DesiredValues is not a list")
    if not isinstance(inputs["PropertySelector"], str):
        raise InvalidInputError("Input PropertySelector is not a String")
    compile_selector(inputs["PropertySelector"])


def read(context: StepContext) -> Any:
    """Return the selected property, or None when there is none. Raises `StepFailedError` when the call fails."""
    call = ApiCall(context, context.inputs, without=OWN_INPUTS)
    answer = call.send(min(context.settings.limits.api_seconds, context.remaining() or 0.001))
    try:
        return compile_selector(str(context.inputs["PropertySelector"])).select(answer)
    except KeyError:
        return None


def is_desired(value: Any, desired: list[Any]) -> bool:
    """Say whether the property has a desired value; a list has one when every element does."""
    wanted = {as_written(entry) for entry in desired}
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(as_written(entry) in wanted for entry in values)


def as_written(value: Any) -> str:
    """Return a value as documents write it: Booleans as `True` and `False`, everything else as its text."""
    if isinstance(value, Mapping | list):
        return json_text(value)
    return "" if value is None else str(value)
