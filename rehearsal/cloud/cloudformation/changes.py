"""What a change set shows: which resources a deployment would add, modify or remove.

Values that depend on resources still to be replaced are unknown beforehand, so what refers to a replaced resource is
shown as possibly modified, as CloudFormation does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError

from rehearsal.cloud.cloudformation.errors import ResourceFailed
from rehearsal.cloud.cloudformation.functions import Resolver
from rehearsal.cloud.cloudformation.template import references

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.cloud.cloudformation.removal import Target
    from rehearsal.cloud.cloudformation.resource_type import ResourceType
    from rehearsal.cloud.cloudformation.stack import Resource, Stack

Change = dict[str, Any]


def planned_changes(stack: Stack, target: Target, types: Mapping[str, ResourceType]) -> list[Change]:
    """Return the changes in DescribeChangeSet's shape, in the order of the template."""
    resolver = Resolver(target.template, target.values, stack.resources)
    changes: dict[str, Change] = {}
    for name, spec in target.template.resources.items():
        if "Condition" in spec and not resolver.condition(spec["Condition"]):
            continue
        existing = stack.resources.get(name)
        if existing is None or existing.made is None:
            changes[name] = _change("Add", name, spec["Type"])
        elif modification := _modification(existing, spec, resolver, types, changes):
            changes[name] = modification
    for name, resource in stack.resources.items():
        kept = name in target.template.resources
        condition = target.template.resources[name].get("Condition") if kept else None
        if not kept or (condition is not None and not resolver.condition(condition)):
            changes[name] = _change("Remove", name, resource.type_name, resource)
    return [{"Type": "Resource", "ResourceChange": change} for change in changes.values()]


def _modification(
    existing: Resource,
    spec: Mapping[str, Any],
    resolver: Resolver,
    types: Mapping[str, ResourceType],
    known: Mapping[str, Change],
) -> Change | None:
    kind = types[spec["Type"]]
    replaced = {
        name for name, change in known.items() if change.get("Replacement") == "True" or change["Action"] == "Add"
    }
    try:
        wanted = kind.conform(existing.logical_id, resolver.resolve(dict(spec.get("Properties") or {})))
    except (ValidationError, ResourceFailed):
        # What it refers to is not there yet, or does not have the attribute yet: only the deployment can tell.
        return _change("Modify", existing.logical_id, spec["Type"], existing, replacement="Conditional")
    old = existing.properties
    changed = frozenset(key for key in {*old, *wanted} if old.get(key) != wanted.get(key))
    if changed:
        replacement = "True" if kind.replaces(changed, old, wanted) else "False"
        return _change(
            "Modify", existing.logical_id, spec["Type"], existing, replacement=replacement, changed=sorted(changed)
        )
    if replaced & set(references(spec)):
        return _change("Modify", existing.logical_id, spec["Type"], existing, replacement="Conditional")
    return None


def _change(
    action: str,
    name: str,
    type_name: str,
    resource: Resource | None = None,
    *,
    replacement: str | None = None,
    changed: list[str] | None = None,
) -> Change:
    change: Change = {"Action": action, "LogicalResourceId": name, "ResourceType": type_name, "Scope": []}
    if resource is not None and resource.made is not None:
        change["PhysicalResourceId"] = resource.made.physical_id
    if replacement is not None:
        change["Replacement"] = replacement
        change["Scope"] = ["Properties"]
        change["Details"] = [
            {
                "Target": {"Attribute": "Properties", "Name": each},
                "Evaluation": "Static",
                "ChangeSource": "DirectModification",
            }
            for each in changed or []
        ]
    return change
