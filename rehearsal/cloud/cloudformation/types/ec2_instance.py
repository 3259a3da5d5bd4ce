"""AWS::EC2::Instance."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.cloudformation.api_type import Ec2Type
from rehearsal.cloud.cloudformation.errors import ResourceFailed
from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties

TIMEOUT_SECONDS = 600.0
# Properties that RunInstances takes as they are.
SAME = (
    "BlockDeviceMappings", "DisableApiTermination", "EbsOptimized", "ImageId", "InstanceInitiatedShutdownBehavior",
    "InstanceType", "KeyName", "PrivateIpAddress", "SecurityGroupIds", "SecurityGroups", "SubnetId", "UserData",
)  # fmt: skip


class Instance(Ec2Type):
    """An instance, complete once its machine runs. Another InstanceType stops and starts it."""

    type_name = "AWS::EC2::Instance"
    supported = frozenset(
        {*SAME, "AvailabilityZone", "IamInstanceProfile", "MetadataOptions", "Monitoring", "NetworkInterfaces",
         "PropagateTagsToVolumeOnCreation", "SourceDestCheck", "CreditSpecification", "Volumes"}
    )  # fmt: skip
    in_place = frozenset(
        {"Tags", "InstanceType", "SecurityGroupIds", "IamInstanceProfile", "DisableApiTermination", "MetadataOptions",
         "SourceDestCheck", "Monitoring", "InstanceInitiatedShutdownBehavior"}
    )  # fmt: skip
    create_operation = "run_instances"
    identifier = "Instances[0].InstanceId"

    def request(self, context: Context, properties: Properties) -> dict[str, Any]:
        """Turn a template's instance into RunInstances' arguments."""
        request: dict[str, Any] = {"MinCount": 1, "MaxCount": 1, "ClientToken": context.name(64)}
        request |= {name: properties[name] for name in SAME if name in properties}
        if "UserData" in request:
            request["UserData"] = _decoded(request["UserData"])
        if "IamInstanceProfile" in properties:
            request["IamInstanceProfile"] = {"Name": properties["IamInstanceProfile"]}
        if "AvailabilityZone" in properties:
            request["Placement"] = {"AvailabilityZone": properties["AvailabilityZone"]}
        if "MetadataOptions" in properties:
            request["MetadataOptions"] = properties["MetadataOptions"]
        if "Monitoring" in properties:
            request["Monitoring"] = {"Enabled": properties["Monitoring"]}
        if "NetworkInterfaces" in properties:
            request["NetworkInterfaces"] = [_interface(each) for each in properties["NetworkInterfaces"]]
        return request

    def create(self, context: Context, properties: Properties) -> Made:
        """Launch the instance, tagged before its machine is seen running."""
        made = super().create(context, properties)
        if "SourceDestCheck" in properties:
            self._modify(context, made, SourceDestCheck={"Value": properties["SourceDestCheck"]})
        if properties.get("PropagateTagsToVolumeOnCreation"):
            volumes = [each["Ebs"]["VolumeId"] for each in self._describe(context, made)["BlockDeviceMappings"]]
            context.client("ec2").create_tags(Resources=volumes, Tags=context.tags(properties))
        for volume in properties.get("Volumes", []):
            context.client("ec2").attach_volume(InstanceId=made.physical_id, **volume)
        return made

    def stabilize(self, context: Context, made: Made, properties: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Wait until the machine runs; one that cannot run fails with what is known of it."""

        def running() -> bool:
            return self._state(context, made) == "running"

        context.wait_until(running, TIMEOUT_SECONDS, f"Instance {made.physical_id}")
        return Made(made.physical_id, _attributes(self._describe(context, made)))

    def _state(self, context: Context, made: Made) -> str:
        instance = self._describe(context, made)
        state = str(instance["State"]["Name"])
        if state in ("terminated", "shutting-down"):
            reason = instance.get("StateReason", {}).get("Message", state)
            raise ResourceFailed(f"Instance {made.physical_id} did not stabilize: {reason}")
        if state == "pending":
            self._check_impaired(context, made)
        return state

    def _check_impaired(self, context: Context, made: Made) -> None:
        found = context.client("ec2").describe_instance_status(
            InstanceIds=[made.physical_id], IncludeAllInstances=True
        )["InstanceStatuses"]
        if found and found[0].get("InstanceStatus", {}).get("Status") == "impaired":
            raise ResourceFailed(f"Instance {made.physical_id} did not stabilize: its status check is impaired.")

    def _describe(self, context: Context, made: Made) -> dict[str, Any]:
        found = context.client("ec2").describe_instances(InstanceIds=[made.physical_id])
        instance: dict[str, Any] = found["Reservations"][0]["Instances"][0]
        return instance

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change what EC2 can change, stopping the instance for its type."""
        self._look_at_everything(context, made)
        if new.get("InstanceType") != old.get("InstanceType"):
            self._change_type(context, made, new["InstanceType"])
        if new.get("SecurityGroupIds") != old.get("SecurityGroupIds"):
            self._modify(context, made, Groups=new["SecurityGroupIds"])
        for name in ("DisableApiTermination", "SourceDestCheck"):
            if name in new and new[name] != old.get(name):
                self._modify(context, made, **{name: {"Value": new[name]}})
        shutdown = "InstanceInitiatedShutdownBehavior"
        if new.get(shutdown) and new[shutdown] != old.get(shutdown):
            context.client("ec2").modify_instance_attribute(
                InstanceId=made.physical_id, Attribute="instanceInitiatedShutdownBehavior", Value=new[shutdown]
            )
        if new.get("MetadataOptions") != old.get("MetadataOptions"):
            context.client("ec2").modify_instance_metadata_options(
                InstanceId=made.physical_id, **new.get("MetadataOptions", {})
            )
        if new.get("IamInstanceProfile") != old.get("IamInstanceProfile"):
            self._change_profile(context, made, new.get("IamInstanceProfile"))
        return super().update(context, made, old, new)

    def _look_at_everything(self, context: Context, made: Made) -> None:
        """Read what the handler of AWS reads at an update, whatever changes: it needs the right to all of it.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-instance.html; the registry's
        schema of the type names the permissions of its handlers (`describe-type`).
        """
        ec2, ssm = context.client("ec2"), context.client("ssm")
        instance = self._describe(context, made)
        by_instance = [{"Name": "instance-id", "Values": [made.physical_id]}]
        ec2.describe_instance_attribute(InstanceId=made.physical_id, Attribute="disableApiTermination")
        ec2.describe_instance_credit_specifications(InstanceIds=[made.physical_id])
        ec2.describe_iam_instance_profile_associations(Filters=by_instance)
        interfaces = [each["NetworkInterfaceId"] for each in instance["NetworkInterfaces"]]
        ec2.describe_network_interfaces(NetworkInterfaceIds=interfaces)
        ec2.describe_volumes(VolumeIds=[each["Ebs"]["VolumeId"] for each in instance["BlockDeviceMappings"]])
        ec2.describe_subnets(SubnetIds=[instance["SubnetId"]])
        ec2.describe_vpcs(VpcIds=[instance["VpcId"]])
        ec2.describe_security_groups(GroupIds=[each["GroupId"] for each in instance["SecurityGroups"]])
        ec2.describe_key_pairs()
        ec2.describe_launch_templates()
        of_instance = [{"key": "InstanceId", "value": made.physical_id}]
        for association in ssm.list_associations(AssociationFilterList=of_instance)["Associations"]:
            ssm.describe_association(AssociationId=association["AssociationId"])

    def _modify(self, context: Context, made: Made, **attribute: Any) -> None:
        context.client("ec2").modify_instance_attribute(InstanceId=made.physical_id, **attribute)

    def _change_type(self, context: Context, made: Made, instance_type: str) -> None:
        """Stop, change, start: the interruption that CloudFormation announces for EBS-backed instances."""
        ec2 = context.client("ec2")
        ec2.stop_instances(InstanceIds=[made.physical_id])
        context.wait_until(
            lambda: self._state(context, made) == "stopped", TIMEOUT_SECONDS, f"Stopping {made.physical_id}"
        )
        self._modify(context, made, InstanceType={"Value": instance_type})
        ec2.start_instances(InstanceIds=[made.physical_id])

    def _change_profile(self, context: Context, made: Made, profile: str | None) -> None:
        ec2 = context.client("ec2")
        by_instance = [{"Name": "instance-id", "Values": [made.physical_id]}]
        found = ec2.describe_iam_instance_profile_associations(Filters=by_instance)["IamInstanceProfileAssociations"]
        for association in found:
            ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
        if profile:
            ec2.associate_iam_instance_profile(InstanceId=made.physical_id, IamInstanceProfile={"Name": profile})

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Terminate the instance and wait until its machine is gone."""
        ec2 = context.client("ec2")
        ec2.terminate_instances(InstanceIds=[made.physical_id])

        def terminated() -> bool:
            return str(self._describe(context, made)["State"]["Name"]) == "terminated"

        context.wait_until(terminated, TIMEOUT_SECONDS, f"Terminating {made.physical_id}")


def _decoded(user_data: str) -> bytes:
    """Return user data as boto3 wants it, which encodes it itself; templates give it encoded."""
    import base64  # noqa: PLC0415 - needed for instances with user data only

    return base64.b64decode(user_data)


def _interface(spec: dict[str, Any]) -> dict[str, Any]:
    interface = {name: value for name, value in spec.items() if name != "GroupSet"}
    interface["DeviceIndex"] = int(spec.get("DeviceIndex", 0))
    return interface | ({"Groups": spec["GroupSet"]} if "GroupSet" in spec else {})


def _attributes(instance: dict[str, Any]) -> dict[str, Any]:
    return {
        "InstanceId": instance["InstanceId"],
        "AvailabilityZone": instance["Placement"]["AvailabilityZone"],
        "PrivateIp": instance.get("PrivateIpAddress", ""),
        "PrivateDnsName": instance.get("PrivateDnsName", ""),
        "PublicIp": instance.get("PublicIpAddress", ""),
        "PublicDnsName": instance.get("PublicDnsName", ""),
        "VpcId": instance.get("VpcId", ""),
        "State.Name": instance["State"]["Name"],
        "State.Code": str(instance["State"]["Code"]),
    }
