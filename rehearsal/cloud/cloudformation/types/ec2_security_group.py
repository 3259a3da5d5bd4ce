"""AWS::EC2::SecurityGroup."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.cloudformation.api_type import Ec2Type
from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties
from rehearsal.cloud.cloudformation.security_rules import EVERYWHERE, as_permission

RULES = ("SecurityGroupIngress", "SecurityGroupEgress")


class SecurityGroup(Ec2Type):
    """A security group with the rules that are written inside it.

    Without SecurityGroupEgress everything may leave; with it, only what it says.
    """

    type_name = "AWS::EC2::SecurityGroup"
    in_place = frozenset({"Tags", *RULES})
    create_operation = "create_security_group"
    identifier = "GroupId"
    attributes = "{GroupId: GroupId, Id: GroupId}"
    delete_operation = "delete_security_group"
    delete_argument = "GroupId"

    def request(self, context: Context, properties: Properties) -> dict[str, Any]:
        """Name the group; the API calls its description otherwise."""
        request = {
            "GroupName": properties.get("GroupName") or context.name(255),
            "Description": properties["GroupDescription"],
        }
        return request | ({"VpcId": properties["VpcId"]} if "VpcId" in properties else {})

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the group with its rules."""
        made = super().create(context, properties)
        if "SecurityGroupEgress" in properties:
            context.client("ec2").revoke_security_group_egress(GroupId=made.physical_id, IpPermissions=[EVERYWHERE])
        self._authorize(context, made, properties)
        return Made(made.physical_id, {**made.attributes, "VpcId": properties.get("VpcId", "")})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Exchange the rules that changed, and tags."""
        for name in RULES:
            before, after = self._rules(old, name), self._rules(new, name)
            self._call(context, "revoke", made, name, [rule for rule in before if rule not in after])
            self._call(context, "authorize", made, name, [rule for rule in after if rule not in before])
        return super().update(context, made, old, new)

    def _authorize(self, context: Context, made: Made, properties: Properties) -> None:
        for name in RULES:
            self._call(context, "authorize", made, name, [as_permission(rule) for rule in properties.get(name, [])])

    def _rules(self, properties: Properties, name: str) -> list[dict[str, Any]]:
        if name == "SecurityGroupEgress" and name not in properties:
            return [EVERYWHERE]
        return [as_permission(rule) for rule in properties.get(name, [])]

    def _call(self, context: Context, verb: str, made: Made, name: str, permissions: list[dict[str, Any]]) -> None:
        direction = "ingress" if name == "SecurityGroupIngress" else "egress"
        operation = getattr(context.client("ec2"), f"{verb}_security_group_{direction}")
        if permissions:
            operation(GroupId=made.physical_id, IpPermissions=permissions)
