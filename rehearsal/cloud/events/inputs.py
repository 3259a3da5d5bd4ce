"""What a rule gives its target: the event, a part of it, a fixed text, or a template that is filled in.

Source: EventBridge User Guide, "Amazon EventBridge input transformation": a placeholder in quotes keeps the template's
quotes, one without stands for the value as JSON; what a path does not find is empty. Paths are JSONPath's dots and
indices.
"""

from __future__ import annotations

import json
import re
from typing import Any

PLACEHOLDER = re.compile(r'"<([A-Za-z0-9_.-]+)>"|<([A-Za-z0-9_.-]+)>')
_PART = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]|\['([^']+)'\]")
_MISSING = object()


class InputError(ValueError):
    """The target's input settings cannot be used; the message says why."""


def input_of(target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    """Return what the target is to get, as text. Raises InputError."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(find(str(target["InputPath"]), event))
    if "InputTransformer" in target:
        return _transformed(target["InputTransformer"], event, rule_arn)
    return json.dumps(event)


def find(path: str, event: dict[str, Any]) -> Any:
    """Return what a path leads to, None where there is nothing. Raises InputError."""
    if not path.startswith("$"):
        raise InputError(f"The path {path!r} does not begin with $.")
    position, found = 1, event
    while position < len(path):
        part = _PART.match(path, position)
        if part is None:
            raise InputError(f"The path {path!r} cannot be understood at {path[position:]!r}.")
        position = part.end()
        found = _step(found, part)
        if found is _MISSING:
            return None
    return found


def _step(found: Any, part: re.Match[str]) -> Any:
    if part[2] is not None:
        index = int(part[2])
        return found[index] if isinstance(found, list) and index < len(found) else _MISSING
    return found.get(part[1] or part[3], _MISSING) if isinstance(found, dict) else _MISSING


def _transformed(transformer: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    values = {name: find(path, event) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event.get("time", ""),
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.json": event,
    }
    template = str(transformer["InputTemplate"])
    is_text = not template.lstrip().startswith(("{", "["))

    def fill(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in values:
            return match[0]
        value = values[name]
        if is_text or _is_within_text(template, match.start()):
            text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
            # Inside of a JSON text the value must not end it.
            escaped = text if is_text else json.dumps(text)[1:-1]
            return f'"{escaped}"' if match[1] else escaped
        if match[1]:
            return json.dumps("" if value is None else value if isinstance(value, str) else json.dumps(value))
        return json.dumps(value if value is not None else "")

    filled = PLACEHOLDER.sub(fill, template)
    if is_text and filled.startswith('"') and filled.endswith('"') and len(filled) > 1:
        return filled[1:-1]  # a template that is one quoted text: the target gets the text
    return filled


def _is_within_text(template: str, position: int) -> bool:
    """Whether a position of a JSON template lies within quotes."""
    before = re.sub(r"\\.", "", template[:position])
    return before.count('"') % 2 == 1
