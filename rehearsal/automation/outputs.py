"""Declared outputs of a step: selecting a value and converting it (reference §4.3)."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rehearsal.automation.encoding import json_text
from rehearsal.automation.errors import InvalidInputError, StepFailedError
from rehearsal.automation.selectors import compile_selector
from rehearsal.automation.statuses import FailureStage, FailureType

if TYPE_CHECKING:
    from rehearsal.automation.runbook import OutputSpec

# What an output is when an optional member of an AWS answer is absent. AWS's own runbooks select such members
# (DescribeInstances' Platform on Linux, say) and go on.
_ABSENT: Mapping[str, Any] = {"String": "", "StringList": [], "MapList": [], "StringMap": {}}

IsOptional = Callable[[str], bool]


def never_optional(_selector: str) -> bool:
    """Say that whatever is selected has to be there."""
    return False


def declared_outputs(
    specs: tuple[OutputSpec, ...], document: Any, is_optional: IsOptional = never_optional
) -> dict[str, Any]:
    """Select and convert every declared output from `document`. Raises `StepFailedError`."""
    return {spec.name: _output(spec, document, is_optional) for spec in specs}


def _output(spec: OutputSpec, document: Any, is_optional: IsOptional) -> Any:
    try:
        value = compile_selector(spec.selector).select(document)
    except InvalidInputError as error:
        raise _failed(f"Output {spec.name}: {error}") from error
    except KeyError as error:
        if spec.type in _ABSENT and is_optional(spec.selector):
            return _ABSENT[spec.type]
        raise _failed(f"Output {spec.name}: the selector {spec.selector} selects nothing") from error
    try:
        return convert(value, spec.type)
    except ValueError as error:
        raise _failed(f"Output {spec.name}: {error}") from error


def _failed(detail: str) -> StepFailedError:
    return StepFailedError(
        detail,
        stage="evaluating the outputs",
        failure_stage=FailureStage.POST_VERIFICATION,
        failure_type=FailureType.VERIFICATION,
    )


def convert(value: Any, kind: str) -> Any:  # one return a documented conversion
    """Convert as documented. Raises ValueError for a conversion that is not.

    String to StringList, Integer, Boolean; Integer to String, StringList; Boolean to String, StringList; a list of one
    String, Integer or Boolean to the scalar.
    """
    if kind == "StringList":
        return _to_list(value)
    if kind in {"String", "Integer", "Boolean"} and isinstance(value, list) and len(value) == 1:
        value = value[0]
    if kind == "String":
        return _to_string(value)
    if kind == "Integer":
        return _to_integer(value)
    if kind == "Boolean":
        return _to_boolean(value)
    if kind == "StringMap" and isinstance(value, Mapping):
        return value
    if kind == "MapList" and isinstance(value, list) and all(isinstance(entry, Mapping) for entry in value):
        return value
    raise ValueError(f"{_name(value)} cannot be converted to {kind}")


def _name(value: Any) -> str:
    return textwrap.shorten(json_text(value), 100)


def _scalar_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _to_list(value: Any) -> list[str]:
    if isinstance(value, list):
        if any(isinstance(entry, Mapping | list) for entry in value):
            return [entry if isinstance(entry, str) else json_text(entry) for entry in value]
        return [entry if isinstance(entry, str) else _scalar_text(entry) for entry in value]
    if isinstance(value, str | int):
        return [_scalar_text(value)]
    raise ValueError(f"{_name(value)} cannot be converted to StringList")


def _to_string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return _scalar_text(value)
    raise ValueError(f"{_name(value)} cannot be converted to String")


def _to_integer(value: Any) -> int:
    fits = isinstance(value, int | str) and not isinstance(value, bool)
    try:
        if fits:
            return int(value)
    except ValueError:
        fits = False
    raise ValueError(f"{_name(value)} cannot be converted to Integer")


def _to_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError(f"{_name(value)} cannot be converted to Boolean")
