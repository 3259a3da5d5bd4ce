"""The types of parameters, variables and outputs (user guide, "Data elements and parameters")."""

from __future__ import annotations

from typing import Any

from rehearsal.documents.model import Intrinsic

BASIC = ("String", "StringList", "Boolean", "Integer", "MapList", "StringMap")
_RESOURCES = ("AWS::EC2::Instance::Id", "AWS::S3::Bucket::Name", "AWS::IAM::Role::Arn")
PARAMETER_TYPES = (*BASIC, *_RESOURCES, *(f"List<{name}>" for name in _RESOURCES))
_SHOWN = 40
"""Characters of a text that fit into a message."""

VARIABLE_TYPES = BASIC


def basic_type(declared: str) -> str:
    """The type that values of a declared type have: resource types are strings or lists of strings."""
    if declared.startswith("List<"):
        return "StringList"
    return "String" if declared.startswith("AWS::") else declared


def fits(value: Any, declared: str) -> bool:
    """Whether a literal in a document has the declared type. Text is no number and no flag here."""
    if isinstance(value, Intrinsic):
        return True
    match basic_type(declared):
        case "String":
            return isinstance(value, str)
        case "StringList":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case "Boolean":
            return isinstance(value, bool)
        case "Integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "StringMap":
            return isinstance(value, dict)
        case "MapList":
            return isinstance(value, list) and all(isinstance(item, dict) for item in value)
    return False


def described(value: Any) -> str:
    """What a value is, in the words of documents."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f'the text "{value}"' if len(value) <= _SHOWN else "a text"
    return "a list" if isinstance(value, list) else "a mapping"
