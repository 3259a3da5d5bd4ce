"""Reading a step's inputs: JSON into Go structs, where names ignore case and unknown ones are passed over."""

from __future__ import annotations

from typing import Any

from rehearsal.agent import goformat
from rehearsal.agent.content import RejectedError, member
from rehearsal.agent.loading import load_text


class InputError(Exception):
    """The inputs are not what the action takes; the step fails with this text."""


def text_member(inputs: Any, name: str) -> str:
    """A string among the inputs, empty when it is not given."""
    if not isinstance(inputs, dict):
        raise InputError(f"Invalid format in plugin properties {goformat.sprint(inputs)}")
    value = member(inputs, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        kind = goformat.type_name(value)
        raise InputError(f"invalid format in plugin properties: cannot unmarshal {kind} into {name} of type string")
    return value


def object_member(inputs: dict[str, Any], name: str) -> dict[str, Any]:
    """An object among the inputs, or a string that holds one as JSON or YAML; empty when it is not given."""
    value = member(inputs, name)
    if isinstance(value, str) and value.strip():
        try:
            value = load_text(value)
        except RejectedError as error:
            raise InputError(f"{name} is neither JSON nor YAML: {error}") from None
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{name} must be an object, not {goformat.type_name(value)}")
    return value
