"""AWS::IAM::Policy and AWS::IAM::RolePolicy: inline policies written outside their holder."""

from __future__ import annotations

import json

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

HOLDERS = {"Roles": ("role", "RoleName"), "Users": ("user", "UserName"), "Groups": ("group", "GroupName")}


class Policy(ResourceType):
    """One inline policy in several holders."""

    type_name = "AWS::IAM::Policy"
    in_place = frozenset({"PolicyDocument", *HOLDERS})

    def create(self, context: Context, properties: Properties) -> Made:
        """Write the policy into every holder."""
        self._put(context, {}, properties)
        return Made(properties["PolicyName"], {"Id": properties["PolicyName"]})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Write the policy again, and take it from who no longer holds it."""
        self._put(context, old, new)
        return made

    def _put(self, context: Context, old: Properties, new: Properties) -> None:
        iam = context.client("iam")
        for name, (kind, argument) in HOLDERS.items():
            for holder in new.get(name, []):
                getattr(iam, f"put_{kind}_policy")(
                    PolicyName=new["PolicyName"], PolicyDocument=json.dumps(new["PolicyDocument"]), **{argument: holder}
                )
            for holder in set(old.get(name, [])) - set(new.get(name, [])):
                getattr(iam, f"delete_{kind}_policy")(PolicyName=old["PolicyName"], **{argument: holder})

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Take the policy from every holder."""
        self._put(context, properties, {})


class RolePolicy(ResourceType):
    """One inline policy of one role."""

    type_name = "AWS::IAM::RolePolicy"
    in_place = frozenset({"PolicyDocument"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Write the policy into the role."""
        context.client("iam").put_role_policy(
            RoleName=properties["RoleName"],
            PolicyName=properties["PolicyName"],
            PolicyDocument=json.dumps(properties["PolicyDocument"]),
        )
        return Made(f"{properties['PolicyName']}|{properties['RoleName']}")

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Write the policy again."""
        self.create(context, new)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Take the policy from the role."""
        context.client("iam").delete_role_policy(RoleName=properties["RoleName"], PolicyName=properties["PolicyName"])
