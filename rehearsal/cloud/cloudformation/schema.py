"""The property schemas of resource types, as the CloudFormation registry publishes them (bundled with cfn-lint).

They say which properties exist, which of them are required, what type each has (templates give numbers as text), and
which cannot change without a replacement.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.cloudformation.errors import ResourceFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REGION_OF_SCHEMAS = "us-east-1"  # the Region that has every type
DEEPEST = 24  # levels of nesting that a property may have


class TypeSchema:
    """What the registry says of one resource type."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        self.create_only = _top_level(content.get("createOnlyProperties", []))
        self.read_only = frozenset(
            pointer.removeprefix("/properties/").replace("/", ".") for pointer in content.get("readOnlyProperties", [])
        )
        self.identifier = tuple(pointer.rsplit("/", 1)[1] for pointer in content.get("primaryIdentifier", []))

    def conform(self, logical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Return the properties with their schema's types; raises ResourceFailed for unknown and missing ones."""
        known = self._content.get("properties", {})
        problems = [f"#: extraneous key [{name}] is not permitted" for name in properties if name not in known]
        problems += [
            f"#: required key [{name}] not found"
            for name in self._content.get("required", [])
            if name not in properties
        ]
        if problems:
            text = "\n".join(problems)
            raise ResourceFailed(f"Properties validation failed for resource {logical_id} with message:\n{text}")
        conformed: dict[str, Any] = self._coerce(self._content, dict(properties), 0)
        return conformed

    def _follow(self, schema: Any) -> Mapping[str, Any]:
        for _ in range(DEEPEST):
            if not isinstance(schema, dict) or "$ref" not in schema:
                break
            target: Any = self._content
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target.get(part, {})
            schema = target
        return schema if isinstance(schema, dict) else {}

    def _coerce(self, schema: Any, value: Any, depth: int) -> Any:
        schema = self._follow(schema)
        if depth > DEEPEST:
            return value
        if isinstance(value, dict):
            known = schema.get("properties", {})
            return {name: self._coerce(known.get(name), inner, depth + 1) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._coerce(schema.get("items"), inner, depth + 1) for inner in value]
        return _scalar(schema.get("type"), value)


def _scalar(wanted: Any, value: Any) -> Any:
    kinds = wanted if isinstance(wanted, list) else [wanted]
    if isinstance(value, bool):
        return str(value).lower() if kinds == ["string"] else value
    if isinstance(value, int | float):
        return str(value) if kinds == ["string"] else value
    if isinstance(value, str) and "string" not in kinds:
        if "boolean" in kinds and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if "integer" in kinds or "number" in kinds:
            return _number(value)
    return value


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text  # the service that takes it says what is wrong


def _top_level(pointers: Iterable[str]) -> frozenset[str]:
    """Return the names of properties that are named as a whole: `/properties/X`, not `/properties/X/Y`."""
    names = (pointer.removeprefix("/properties/") for pointer in pointers)
    return frozenset(name for name in names if "/" not in name)


@lru_cache(maxsize=1)
def _index() -> tuple[Path, Mapping[str, str]]:
    spec = find_spec("cfnlint")  # found, not imported: importing it takes seconds
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("cfn-lint is not installed; it brings the schemas of CloudFormation's resource types")
    folder = Path(spec.submodule_search_locations[0]) / "data" / "schemas"
    return folder / "resources", json.loads((folder / "providers" / f"{REGION_OF_SCHEMAS}.json").read_text("utf-8"))


@lru_cache(maxsize=256)
def type_schema(type_name: str) -> TypeSchema:
    """Return the schema of a type; raises LookupError when the registry has none."""
    folder, names = _index()
    if type_name not in names:
        raise LookupError(f"the registry has no schema of {type_name}")
    return TypeSchema(json.loads((folder / f"{names[type_name]}.json").read_text("utf-8")))
