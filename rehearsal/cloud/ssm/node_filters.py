"""The filters of DescribeInstanceInformation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.cloud.ssm.exceptions import SsmError, validation_error

if TYPE_CHECKING:
    from rehearsal.cloud.ssm.managed import ManagedNodes, Node

_MEMBERS = {
    "InstanceIds": "InstanceId",
    "AgentVersion": "AgentVersion",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "ActivationIds": "ActivationId",
    "IamRole": "IamRole",
    "ResourceType": "ResourceType",
    "AssociationStatus": "AssociationStatus",
}
_PING_STATUSES = {"Online", "ConnectionLost", "Inactive"}


def filtered(nodes: ManagedNodes, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the nodes that all filters let through, as the API shows them.

    Raises InvalidFilterKey, InvalidInstanceInformationFilterValue; ValidationException for both kinds of filter.
    """
    new, old = request.get("Filters") or [], request.get("InstanceInformationFilterList") or []
    if new and old:
        raise validation_error("Filters and InstanceInformationFilterList cannot be used together.")
    wanted = [(entry["Key"], entry["Values"]) for entry in new] + [(entry["key"], entry["valueSet"]) for entry in old]
    for key, values in wanted:
        _check(key, values)
    return [shown for node in nodes.all() if _passes(nodes, node, shown := nodes.information(node), wanted)]


def _check(key: str, values: list[str]) -> None:
    if key not in _MEMBERS and not key.startswith(("tag:", "tag-key")):
        raise SsmError("InvalidFilterKey", f"The specified key {key} isn't valid.")
    if key == "PingStatus" and not set(values) <= _PING_STATUSES:
        raise SsmError("InvalidInstanceInformationFilterValue", f"PingStatus is one of {sorted(_PING_STATUSES)}.")


def _passes(nodes: ManagedNodes, node: Node, shown: dict[str, Any], wanted: list[tuple[str, list[str]]]) -> bool:
    for key, values in wanted:
        if key == "tag-key":
            matches = bool(nodes.tags(node).keys() & set(values))
        elif key.startswith("tag:"):
            matches = nodes.tags(node).get(key.removeprefix("tag:")) in values
        else:
            matches = shown.get(_MEMBERS[key]) in values
        if not matches:
            return False
    return True
