"""AWS::IAM::Role."""

from __future__ import annotations

import json

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class Role(ResourceType):
    """A role with its trust policy, inline policies, attached policies and boundary."""

    type_name = "AWS::IAM::Role"
    in_place = frozenset(
        {"AssumeRolePolicyDocument", "Description", "ManagedPolicyArns", "MaxSessionDuration", "PermissionsBoundary",
         "Policies", "Tags"}
    )  # fmt: skip

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the role with its policies."""
        iam = context.client("iam")
        request = {
            "RoleName": properties.get("RoleName") or context.name(64),
            "AssumeRolePolicyDocument": json.dumps(properties["AssumeRolePolicyDocument"]),
            "Tags": context.tags(properties),
        }
        same = ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary")
        request |= {name: properties[name] for name in same if name in properties}
        role = iam.create_role(**request)["Role"]
        made = Made(role["RoleName"], {"Arn": role["Arn"], "RoleId": role["RoleId"]})
        self._apply_policies(context, made, {}, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change everything but name and path."""
        iam, name = context.client("iam"), made.physical_id
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(new["AssumeRolePolicyDocument"]))
        iam.update_role(
            RoleName=name,
            Description=new.get("Description", ""),
            MaxSessionDuration=new.get("MaxSessionDuration", 3600),
        )
        if new.get("PermissionsBoundary") != old.get("PermissionsBoundary"):
            if new.get("PermissionsBoundary"):
                iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=new["PermissionsBoundary"])
            else:
                iam.delete_role_permissions_boundary(RoleName=name)
        self._apply_policies(context, made, old, new)
        gone = {tag["Key"] for tag in old.get("Tags", [])} - {tag["Key"] for tag in new.get("Tags", [])}
        if gone:
            iam.untag_role(RoleName=name, TagKeys=sorted(gone))
        iam.tag_role(RoleName=name, Tags=context.tags(new))
        return made

    def _apply_policies(self, context: Context, made: Made, old: Properties, new: Properties) -> None:
        iam, name = context.client("iam"), made.physical_id
        attached, wanted = set(old.get("ManagedPolicyArns", [])), set(new.get("ManagedPolicyArns", []))
        for arn in sorted(wanted - attached):
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        for arn in sorted(attached - wanted):
            iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        for policy in new.get("Policies", []):
            iam.put_role_policy(
                RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=json.dumps(policy["PolicyDocument"])
            )
        kept = {policy["PolicyName"] for policy in new.get("Policies", [])}
        for policy in old.get("Policies", []):
            if policy["PolicyName"] not in kept:
                iam.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the role and whatever hangs on it."""
        iam, name = context.client("iam"), made.physical_id
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)
