"""Checks a request against botocore's model of the operation's input, on the server's side, as AWS does.

Texts and codes are those of AWS's own front end: a value of the wrong JSON type is a SerializationException, a value
that breaks a constraint of the model a ValidationException that lists every broken constraint. One thing is stricter
than AWS: a member that the model does not know is refused instead of ignored, because here it can only be a mistake.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import regex  # type: ignore[import-untyped] # publishes no types
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, OperationNotFoundError, Shape, StringShape, StructureShape
from moto.core.utils import get_service_model

from rehearsal.cloud.wire import WireError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.cloud.authorizer import ApiCall

MAX_REPORTED = 10
MAX_ECHO = 128
MAX_DEPTH = 32

_JSON_NAMES = {
    str: "STRING_VALUE",
    bool: "BOOLEAN_VALUE",
    int: "NUMBER_VALUE",
    float: "NUMBER_VALUE",
    list: "START_ARRAY",
}
_WANTED = {"string": "String", "integer": "Integer", "long": "Long", "boolean": "Boolean", "list": "List", "map": "Map"}
_INVALID = {"query": "ValidationError", "ec2": "InvalidParameterValue", "s3": "InvalidRequest"}
_ACCEPTED: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
    "blob": (str, bytes),
    "timestamp": (int, float, str, datetime),
}


class ModelValidator:
    """Validates the operations that are ours; moto's own operations keep moto's checks."""

    def __init__(self, operations: dict[str, frozenset[str]]) -> None:
        self._operations = operations

    def __call__(self, call: ApiCall, body: bytes) -> None:
        """Raise `WireError` when the body is not a valid input of the operation."""
        if call.operation not in self._operations.get(call.service, ()):
            return
        shape = get_service_model(call.service).operation_model(call.operation).input_shape
        validate(parse(body), shape)

    def explain(self, call: ApiCall, error: Exception) -> None:
        """Raise `WireError` when the input of a failed call breaks the model; `error` is what moto failed with."""
        try:
            shape = get_service_model(call.service).operation_model(call.operation).input_shape
        except (UnknownServiceError, OperationNotFoundError):
            return
        if shape is None:
            return
        try:
            validate(dict(call.parameters), shape)
        except WireError as found:
            code = _INVALID.get("s3" if call.service == "s3" else call.protocol, found.code)
            raise WireError(code, found.message, found.status) from error


def parse(body: bytes) -> dict[str, Any]:
    """The body as one JSON object without duplicate keys and without text that UTF-8 cannot hold."""
    try:
        text = body.decode("utf-8")
        loaded = json.loads(text or "{}", object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        detail = str(error) if isinstance(error, _DuplicateKeyError) else "Unable to parse the request body as JSON"
        raise WireError("SerializationException", detail) from error
    if not isinstance(loaded, dict):
        raise WireError("SerializationException", "The request body must be a JSON object")
    return loaded


def validate(value: Any, shape: Shape) -> None:
    """Raise SerializationException for a wrong type, ValidationException for broken constraints."""
    broken = list(_problems(value, shape, "", 0))
    if not broken:
        return
    count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: "
    raise WireError("ValidationException", count + "; ".join(broken[:MAX_REPORTED]))


class _DuplicateKeyError(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise _DuplicateKeyError(f"Duplicate field '{key[:MAX_ECHO]}'")
        members[key] = value
    return members


def _problems(value: Any, shape: Shape, path: str, depth: int) -> Iterator[str]:
    """The broken constraints below `path`; AWS writes paths in lower camel case with list positions from 1."""
    if depth > MAX_DEPTH:
        raise WireError("SerializationException", "The request body is nested too deeply")
    _check_type(value, shape, path)
    if isinstance(shape, StructureShape):
        yield from _structure_problems(value, shape, path, depth)
    elif isinstance(shape, ListShape):
        yield from _size_problems(value, shape, path)
        for position, item in enumerate(value, start=1):
            if item is None:
                yield _broken(None, f"{path}.{position}.member", "Member must not be null")
            else:
                yield from _problems(item, shape.member, f"{path}.{position}.member", depth + 1)
    elif isinstance(shape, MapShape):
        yield from _size_problems(value, shape, path)
        for key, item in value.items():
            yield from _problems(key, shape.key, f"{path}.key", depth + 1)
            if item is not None:
                yield from _problems(item, shape.value, f"{path}.{_echo(key, shape.key)}.member", depth + 1)
    elif isinstance(shape, StringShape):
        yield from _string_problems(value, shape, path)
    elif shape.type_name in {"integer", "long"}:
        yield from _number_problems(value, shape, path)


def _structure_problems(value: dict[str, Any], shape: StructureShape, path: str, depth: int) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _broken(None, _below(path, name), "Member must not be null")
    for name, item in value.items():
        member = shape.members.get(name)
        if member is None:
            yield f"Unknown member '{name[:MAX_ECHO]}' at '{path or shape.name}'"
        elif item is not None:
            yield from _problems(item, member, _below(path, name), depth + 1)


def _string_problems(value: str, shape: StringShape, path: str) -> Iterator[str]:
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise WireError("SerializationException", f"'{path}' is not text: it holds half of a surrogate pair")
    if shape.enum and value not in shape.enum:
        yield _broken(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]", shape)
    yield from _size_problems(value, shape, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value, timeout=1):
        yield _broken(value, path, f"Member must satisfy regular expression pattern: {pattern}", shape)


def _size_problems(value: Any, shape: Shape, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        yield _broken(value, path, f"Member must have length greater than or equal to {low}", shape)
    if high is not None and len(value) > high:
        yield _broken(value, path, f"Member must have length less than or equal to {high}", shape)


def _number_problems(value: int, shape: Shape, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield _broken(value, path, f"Member must have value greater than or equal to {low}", shape)
    if high is not None and value > high:
        yield _broken(value, path, f"Member must have value less than or equal to {high}", shape)


def _check_type(value: Any, shape: Shape, path: str) -> None:
    accepted = _ACCEPTED.get(shape.type_name, (object,))
    fits = isinstance(value, accepted) and (not isinstance(value, bool) or bool in accepted)
    if fits and shape.type_name in {"integer", "long"}:
        bits = 31 if shape.type_name == "integer" else 63
        fits = -(2**bits) <= value < 2**bits
    if fits:
        return
    given = _JSON_NAMES.get(type(value), "START_OBJECT")
    wanted = _WANTED.get(shape.type_name, shape.name)
    raise WireError("SerializationException", f"{given} can not be converted to a {wanted} at '{path}'")


def _broken(value: Any, path: str, constraint: str, shape: Shape | None = None) -> str:
    shown = "null" if value is None else f"'{_echo(value, shape)}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _echo(value: Any, shape: Shape | None) -> str:
    if shape is not None and shape.metadata.get("sensitive"):
        return "***Sensitive Data Redacted***"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)
    return text if len(text) <= MAX_ECHO else f"{text[:MAX_ECHO]}…"


def _below(path: str, name: str) -> str:
    own = name[:1].lower() + name[1:]
    return f"{path}.{own}" if path else own


@cache
def _compiled(pattern: str) -> Any:
    """The models' patterns are Java's; `regex` reads the Unicode classes that `re` does not."""
    return regex.compile(pattern)
