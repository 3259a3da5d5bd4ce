"""How Go prints and marshals the values of a document: the agent's texts go to scripts, so the form matters."""

from __future__ import annotations

import json
from typing import Any

_HTML_SAFE = {"&": "\\u0026", "<": "\\u003c", ">": "\\u003e", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def sprint(value: Any) -> str:
    """`fmt.Sprint` of a decoded JSON value: `[a b]` for lists, `map[k:v]` for maps, `<nil>` for null."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, list):
        return "[" + " ".join(sprint(item) for item in value) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{sprint(value[key])}" for key in sorted(value)) + "]"
    return str(value)


def marshal(value: Any) -> str:
    """`json.Marshal`: compact, keys sorted, `&`, `<` and `>` escaped."""
    text = json.dumps(_plain_numbers(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return "".join(_HTML_SAFE.get(character, character) for character in text)


def text_of(value: Any) -> str:
    """A value inside a longer string: strings as they are, everything else as JSON."""
    return value if isinstance(value, str) else marshal(value)


def type_name(value: Any) -> str:
    """What `encoding/json` calls a value in "cannot unmarshal X into …"."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, list):
        return "array"
    return "object" if isinstance(value, dict) else "string"


def _float(value: float) -> str:
    return str(int(value)) if _is_plain(value) else repr(value)


def _is_plain(value: float) -> bool:
    """Whether Go writes the number without an exponent and a fraction."""
    return value.is_integer() and abs(value) < 1e21  # noqa: PLR2004 - Go's own limit


def _plain_numbers(value: Any) -> Any:
    if isinstance(value, float) and _is_plain(value):
        return int(value)
    if isinstance(value, list):
        return [_plain_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain_numbers(item) for key, item in value.items()}
    return value
