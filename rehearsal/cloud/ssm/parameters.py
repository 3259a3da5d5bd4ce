"""Parameters of Command documents as the service checks them before anything is sent to a host.

The agent itself checks `allowedPattern` alone (reference, command documents §2), so every other constraint is held
here. Patterns are searched for, not matched whole, as the agent does: an unanchored pattern lets through what it
would let through in AWS.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import regex  # type: ignore[import-untyped] # publishes no types

from rehearsal.cloud.ssm.exceptions import SsmError

if TYPE_CHECKING:
    from collections.abc import Mapping

    Declared = Mapping[str, Mapping[str, Any]]

PATTERN_SECONDS = 1.0
_REFERENCES = ("{{ssm:", "{{ ssm:", "{{ssm-secure:", "{{ ssm-secure:")
_BOOLEANS = {"true": True, "false": False}


def typed(declared: Declared, given: Mapping[str, list[str]]) -> dict[str, Any]:
    """Turn the API's lists of strings into values of the declared types, for the given parameters only.

    Raises InvalidParameters for an undeclared name, a missing one, a value of the wrong type or outside constraints.
    No message shows a value: it may be a secret.
    """
    for name in given:
        if name not in declared:
            raise _invalid(f"Parameter {name} is not defined in the document.")
    for name, definition in declared.items():
        if name not in given and definition.get("default") is None:
            raise _invalid(f"Missing value for required parameter {name}.")
    values = {name: _typed_value(name, declared[name], texts) for name, texts in given.items()}
    for name, value in values.items():
        _check_constraints(name, declared[name], value)
    return values


def _typed_value(name: str, definition: Mapping[str, Any], texts: list[str]) -> Any:
    kind = str(definition.get("type", "String"))
    if kind == "StringList":
        return list(texts)
    if kind == "MapList":
        return [_map(name, item) for text in texts for item in _items(name, text)]
    if len(texts) != 1:
        raise _invalid(f"Parameter {name} of type {kind} takes exactly one value, not {len(texts)}.")
    text = texts[0]
    match kind:
        case "Boolean":
            if text.lower() not in _BOOLEANS:
                raise _invalid(f"Parameter {name} must be true or false.")
            return _BOOLEANS[text.lower()]
        case "Integer":
            if not regex.fullmatch(r"[+-]?[0-9]{1,18}", text):
                raise _invalid(f"Parameter {name} must be an integer.")
            return int(text)
        case "StringMap":
            return _map(name, _json(name, text))
    return text


def _check_constraints(name: str, definition: Mapping[str, Any], value: Any) -> None:
    items = value if isinstance(value, list) else [value]
    low, high = _limit(definition, "minItems"), _limit(definition, "maxItems")
    if isinstance(value, list):
        if low is not None and len(value) < low:
            raise _invalid(f"Parameter {name} needs at least {low} items.")
        if high is not None and len(value) > high:
            raise _invalid(f"Parameter {name} takes at most {high} items.")
    for item in items:
        text = item if isinstance(item, str) else json.dumps(item)
        if not text.startswith(_REFERENCES):
            _check_text(name, definition, text)


def _check_text(name: str, definition: Mapping[str, Any], text: str) -> None:
    low, high = _limit(definition, "minChars"), _limit(definition, "maxChars")
    if low is not None and len(text) < low:
        raise _invalid(f"Parameter {name} needs at least {low} characters.")
    if high is not None and len(text) > high:
        raise _invalid(f"Parameter {name} takes at most {high} characters.")
    allowed = definition.get("allowedValues")
    if allowed and text not in [entry if isinstance(entry, str) else json.dumps(entry) for entry in allowed]:
        raise _invalid(f"Parameter {name} has a value that is not one of its allowed values.")
    pattern = definition.get("allowedPattern")
    if pattern and not _found(name, str(pattern), text):
        raise _invalid(f"Parameter {name} has a value that does not match its allowedPattern {pattern}.")


def _found(name: str, pattern: str, text: str) -> bool:
    try:
        return regex.search(pattern, text, timeout=PATTERN_SECONDS) is not None
    except regex.error as error:
        raise _invalid(f"Parameter {name} has an allowedPattern that is no regular expression: {error}.") from error
    except TimeoutError as error:
        raise _invalid(f"Parameter {name}: matching its allowedPattern took over {PATTERN_SECONDS:g} s.") from error


def _limit(definition: Mapping[str, Any], key: str) -> int | None:
    value = definition.get(key)
    return int(value) if value is not None and str(value).isdigit() else None


def _items(name: str, text: str) -> list[Any]:
    loaded = _json(name, text)
    return loaded if isinstance(loaded, list) else [loaded]


def _map(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _invalid(f"Parameter {name} must be a JSON object.")
    return value


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"Parameter {name} must be JSON.") from error


def _invalid(message: str) -> SsmError:
    return SsmError("InvalidParameters", message)
