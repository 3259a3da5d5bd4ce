"""Checks that a host can change to an instance type. InputPayload: InstanceId, InstanceType, Role (web | database).

Returns FormerType, ParameterKey (of the stack), Needed. Raises an error when the image cannot run on that type.
"""

import boto3
from botocore.exceptions import ClientError

PARAMETERS = {"web": "WebInstanceType", "database": "DatabaseInstanceType"}


def check(events, _context):
    client = boto3.client("ec2")
    wanted = events["InstanceType"]
    reservations = client.describe_instances(InstanceIds=[events["InstanceId"]])["Reservations"]
    instance = reservations[0]["Instances"][0]
    former = instance["InstanceType"]
    try:
        answer = client.describe_instance_types(InstanceTypes=[wanted])
    except ClientError:
        raise RuntimeError(f"There is no instance type {wanted} in this Region.") from None
    offered = answer["InstanceTypes"][0]["ProcessorInfo"]["SupportedArchitectures"]
    architecture = instance["Architecture"]
    if architecture not in offered:
        raise RuntimeError(
            f"{wanted} is {'/'.join(offered)}, but the host's image is {architecture}: choose a type of that kind."
        )
    return {"FormerType": former, "ParameterKey": PARAMETERS[events["Role"]], "Needed": former != wanted}
