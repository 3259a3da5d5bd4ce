"""Refuses a drill on hosts that are not tagged for it. InputPayload: InstanceIds. Returns Checked (text)."""

import boto3

TAG = "FlaskOps:Drills"


def gate(events, _context):
    reservations = boto3.client("ec2").describe_instances(InstanceIds=events["InstanceIds"])["Reservations"]
    instances = [instance for reservation in reservations for instance in reservation["Instances"]]
    for instance in instances:
        tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
        if tags.get(TAG) != "allowed":
            raise RuntimeError(
                f"The host {instance['InstanceId']} refuses drills: its tag {TAG} is {tags.get(TAG, 'missing')}."
                " Update the stack with Drills=allowed where an outage may be simulated."
            )
    return {"Checked": " ".join(sorted(instance["InstanceId"] for instance in instances))}
