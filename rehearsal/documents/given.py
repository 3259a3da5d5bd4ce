"""Parameters as the command line gives them: one reading for every command that takes `--parameters`."""

from __future__ import annotations

import json
from typing import Any

FORMS = "NAME=VALUE,… | JSON"
_DEEPEST = 32
"""Levels of lists and maps in JSON: parameters of documents have three."""


class GivenError(ValueError):
    """A text that gives no parameters; the message says what is wrong with it."""


def read_parameters(text: str) -> dict[str, Any]:
    """Read `Name=value,Name=value`, or a JSON object from names to values.

    As in the AWS CLI's shorthand, a word without `=` is one more value of the name before it (`Cidrs=a,b,Mode=x`); so
    is a name that is repeated. A name with several values has a list. Raises GivenError.
    """
    text = text.strip()
    return _from_json(text) if text.startswith("{") else _from_words(text)


def _from_json(text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        raise GivenError(f"not JSON: {error}") from error
    except RecursionError:
        parsed = None
    if not isinstance(parsed, dict) or not _is_flat(parsed, _DEEPEST):
        raise GivenError(f"not a JSON object of at most {_DEEPEST} levels")
    return parsed


def _is_flat(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    return levels > 0 and all(
        _is_flat(item, levels - 1) for item in (value.values() if isinstance(value, dict) else value)
    )


def _from_words(text: str) -> dict[str, Any]:
    values: dict[str, list[str]] = {}
    name = ""
    for word in filter(None, text.split(",")):
        before, sign, after = word.partition("=")
        if sign:
            name = before.strip()
        if not name:
            raise GivenError(f"{word!r} is not NAME=VALUE")
        values.setdefault(name, []).append(after if sign else word.strip())
    return {name: several[0] if len(several) == 1 else several for name, several in values.items()}
