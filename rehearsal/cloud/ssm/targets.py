"""Which managed nodes a command or an association is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.cloud.ssm.exceptions import SsmError

if TYPE_CHECKING:
    from rehearsal.cloud.machines import Machines
    from rehearsal.cloud.ssm.managed import ManagedNodes

REACHABLE = frozenset({"pending", "running"})
_INSTANCE_KEYS = frozenset({"InstanceIds", "instanceids"})
MAX_VALUES = 50


def named(instance_ids: list[str], nodes: ManagedNodes, machines: Machines, account_id: str) -> list[str]:
    """Check the InstanceIds of a request. Raises DuplicateInstanceId, InvalidInstanceId."""
    if len(set(instance_ids)) != len(instance_ids):
        raise SsmError("DuplicateInstanceId", "You can't specify an instance ID in more than one association.")
    invalid = [i for i in instance_ids if nodes.get(i) is None or not is_reachable(i, machines)]
    if invalid:
        listed = ", ".join(invalid)
        raise SsmError("InvalidInstanceId", f"Instances [[{listed}]] not in a valid state for account {account_id}")
    return instance_ids


def check(targets: list[dict[str, Any]], code: str = "InvalidTarget") -> None:
    """Raise an error with this code for targets that no node can match here."""
    for target in targets:
        key, values = str(target.get("Key", "")), target.get("Values") or []
        if key.startswith("resource-groups:"):
            raise SsmError(code, f"Targets by resource group ({key}) are not part of this rehearsal; use tags.")
        if key not in _INSTANCE_KEYS and key != "tag-key" and not key.startswith("tag:"):
            raise SsmError(code, f"{key} is no target: use InstanceIds, tag:<key> or tag-key.")
        if not values:
            raise SsmError(code, f"Target {key} has no values.")
        if len(values) > MAX_VALUES:
            raise SsmError(code, f"Target {key} has {len(values)} values; at most {MAX_VALUES} are allowed.")


def matching(targets: list[dict[str, Any]], nodes: ManagedNodes) -> list[str]:
    """Return the nodes that all targets match (values of one target are alternatives), in the order of registration.

    The single value `*` of InstanceIds means every node, as State Manager takes it.
    """
    return [
        node.instance_id
        for node in nodes.all()
        if all(_matches(t, node.instance_id, nodes.tags(node)) for t in targets)
    ]


def _matches(target: dict[str, Any], instance_id: str, tags: dict[str, str]) -> bool:
    key, values = str(target["Key"]), target["Values"]
    if key in _INSTANCE_KEYS:
        return values == ["*"] or instance_id in values
    if key == "tag-key":
        return bool(tags.keys() & set(values))
    return tags.get(key.removeprefix("tag:")) in values


def is_reachable(instance_id: str, machines: Machines) -> bool:
    """Whether an agent can take up a message: its instance runs or starts."""
    return not instance_id.startswith("i-") or machines.state(instance_id) in REACHABLE
