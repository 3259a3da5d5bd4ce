"""CloudFormation's intrinsic functions: their short forms in YAML, and what is known of their values."""

from __future__ import annotations

from typing import Any

from rehearsal.documents.model import Intrinsic

_FUNCTIONS = (
    "And",
    "Base64",
    "Cidr",
    "Contains",
    "Equals",
    "FindInMap",
    "ForEach",
    "GetAtt",
    "GetAZs",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
)
_SHORT_FORMS = {"!Ref": "Ref", "!Condition": "Condition", **{f"!{name}": f"Fn::{name}" for name in _FUNCTIONS}}


def is_short_form(tag: str | None) -> bool:
    """Whether a YAML tag is a CloudFormation function."""
    return tag in _SHORT_FORMS


def long_form(tag: str, argument: Any) -> tuple[str, Any]:
    """`!GetAtt a.b` → ``("Fn::GetAtt", ["a", "b"])``."""
    name = _SHORT_FORMS[tag]
    if name == "Fn::GetAtt" and isinstance(argument, str):
        return name, argument.split(".", 1)
    return name, argument


def without_intrinsics(value: Any) -> Any:
    """The value with each intrinsic function replaced by an `Intrinsic`, whose value only a deployment knows."""
    if isinstance(value, list):
        return [without_intrinsics(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref" or name.startswith("Fn::"):
            return Intrinsic(_known_text(argument))
    return {key: without_intrinsics(item) for key, item in value.items()}


def _known_text(argument: Any) -> str:
    if isinstance(argument, str):
        return argument
    if isinstance(argument, list) and argument and isinstance(argument[0], str):
        return argument[0]
    return ""
