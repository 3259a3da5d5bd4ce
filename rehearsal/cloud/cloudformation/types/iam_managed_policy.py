"""AWS::IAM::ManagedPolicy."""

from __future__ import annotations

import json

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

HOLDERS = {"Roles": ("role", "RoleName"), "Users": ("user", "UserName"), "Groups": ("group", "GroupName")}
VERSIONS = 5  # that IAM keeps of one policy


class ManagedPolicy(ResourceType):
    """A customer managed policy, attached where the template says; Ref yields its ARN."""

    type_name = "AWS::IAM::ManagedPolicy"
    in_place = frozenset({"PolicyDocument", *HOLDERS})

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the policy and attach it."""
        request = {
            "PolicyName": properties.get("ManagedPolicyName") or context.name(),
            "PolicyDocument": json.dumps(properties["PolicyDocument"]),
        }
        request |= {name: properties[name] for name in ("Path", "Description") if name in properties}
        policy = context.client("iam").create_policy(**request)["Policy"]
        made = Made(policy["Arn"], {"PolicyArn": policy["Arn"], "PolicyId": policy["PolicyId"]})
        self._attach(context, made, {}, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Make a new version the default, and attach and detach."""
        iam = context.client("iam")
        if new["PolicyDocument"] != old["PolicyDocument"]:
            versions = iam.list_policy_versions(PolicyArn=made.physical_id)["Versions"]
            spare = sorted(
                (each for each in versions if not each["IsDefaultVersion"]), key=lambda each: each["CreateDate"]
            )
            if len(versions) >= VERSIONS:
                iam.delete_policy_version(PolicyArn=made.physical_id, VersionId=spare[0]["VersionId"])
            iam.create_policy_version(
                PolicyArn=made.physical_id, PolicyDocument=json.dumps(new["PolicyDocument"]), SetAsDefault=True
            )
        self._attach(context, made, old, new)
        return made

    def _attach(self, context: Context, made: Made, old: Properties, new: Properties) -> None:
        iam = context.client("iam")
        for name, (kind, argument) in HOLDERS.items():
            before, after = set(old.get(name, [])), set(new.get(name, []))
            for holder in sorted(after - before):
                getattr(iam, f"attach_{kind}_policy")(PolicyArn=made.physical_id, **{argument: holder})
            for holder in sorted(before - after):
                getattr(iam, f"detach_{kind}_policy")(PolicyArn=made.physical_id, **{argument: holder})

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """Detach the policy and delete it with its versions."""
        iam = context.client("iam")
        self._attach(context, made, properties, {})
        for version in iam.list_policy_versions(PolicyArn=made.physical_id)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=made.physical_id, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=made.physical_id)
