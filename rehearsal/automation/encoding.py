"""How values read in the API: `Inputs`, `Outputs` and `OutputPayload` (reference §4.5)."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

# The service serialises with Gson, which escapes these for HTML; a JSON reader sees no difference.
_GSON = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "=": "\\u003d", "'": "\\u0027"})


def json_text(value: Any) -> str:
    """Return compact JSON as the service writes it."""
    return json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False).translate(_GSON)


def plain(value: Any) -> Any:
    """Return `value` (a boto3 answer, say) in JSON's own types: times as ISO 8601, bytes as text or base64."""
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(entry) for entry in value]
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return str(value)


def texts_of(value: Any) -> list[str]:
    """A parameter as the APIs of Systems Manager take it, a list of strings: what is no text becomes its JSON."""
    entries = value if isinstance(value, list) else [value]
    return [entry if isinstance(entry, str) else json_text(entry) for entry in entries]


def encode_inputs(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return each resolved input as JSON text: `NoReboot` is `false`, `ImageName` is `"x"` with its quotes."""
    return {name: json_text(value) for name, value in inputs.items()}


def encode_value(value: Any) -> list[str]:
    """One output or variable as the API's list of strings: scalars unquoted, maps as compact JSON."""
    if isinstance(value, list):
        if all(isinstance(entry, str) for entry in value):
            return list(value)
        if all(isinstance(entry, Mapping) for entry in value):
            return [json_text(entry) for entry in value]
        return [json_text(value)]
    if isinstance(value, str):
        return [value]
    return [json_text(value)]


def encode_outputs(outputs: Mapping[str, Any], payload: Mapping[str, Any] | None) -> dict[str, list[str]]:
    """All outputs of a step, with `OutputPayload` where the action has one."""
    encoded = {name: encode_value(value) for name, value in outputs.items()}
    if payload:
        encoded["OutputPayload"] = [json_text(payload)]
    return encoded
