"""AWS::IAM::InstanceProfile."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType


class InstanceProfile(ResourceType):
    """An instance profile with its role."""

    type_name = "AWS::IAM::InstanceProfile"
    in_place = frozenset({"Roles"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the profile and put the role in."""
        iam = context.client("iam")
        request = {"InstanceProfileName": properties.get("InstanceProfileName") or context.name()}
        if "Path" in properties:
            request["Path"] = properties["Path"]
        profile = iam.create_instance_profile(**request)["InstanceProfile"]
        made = Made(profile["InstanceProfileName"], {"Arn": profile["Arn"]})
        for role in properties["Roles"]:
            iam.add_role_to_instance_profile(InstanceProfileName=made.physical_id, RoleName=role)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Exchange the role."""
        iam = context.client("iam")
        for role in old["Roles"]:
            iam.remove_role_from_instance_profile(InstanceProfileName=made.physical_id, RoleName=role)
        for role in new["Roles"]:
            iam.add_role_to_instance_profile(InstanceProfileName=made.physical_id, RoleName=role)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """Take the role out and delete the profile."""
        iam = context.client("iam")
        for role in properties["Roles"]:
            iam.remove_role_from_instance_profile(InstanceProfileName=made.physical_id, RoleName=role)
        iam.delete_instance_profile(InstanceProfileName=made.physical_id)
