"""AWS::EC2::SecurityGroupEgress."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType
from rehearsal.cloud.cloudformation.security_rules import as_permission


class SecurityGroupEgress(ResourceType):
    """One egress rule of a security group, written outside of it."""

    type_name = "AWS::EC2::SecurityGroupEgress"

    def create(self, context: Context, properties: Properties) -> Made:
        """Authorize the rule."""
        answer = context.client("ec2").authorize_security_group_egress(
            GroupId=properties["GroupId"], IpPermissions=[as_permission(properties)]
        )
        rule_id = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return Made(rule_id, {"Id": rule_id})

    def replaces(self, changed: frozenset[str], old: Properties, new: Properties) -> bool:  # noqa: ARG002 - as inherited
        """Make a new rule whatever changes."""
        return True

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Revoke the rule."""
        context.client("ec2").revoke_security_group_egress(
            GroupId=properties["GroupId"], IpPermissions=[as_permission(properties)]
        )
