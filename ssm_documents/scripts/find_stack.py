"""First step of every runbook: finds the stack's parts by its outputs, and pins the documents that the runbook calls.

InputPayload: StackName; Documents (names of the library's documents, put there by scripts/render.py);
NeedsAgents (optional, default true): whether both hosts' agents have to be online; NeedsBucket (default false).
Returns the stack's outputs by name, plus Parameters (by name), DomainName, Bucket, Hashes and Versions (by the
document's name without its prefix). Raises an error that says what is missing and what to do about it.
"""

import boto3
from botocore.exceptions import ClientError

PREFIX = "FlaskOps-"
BUCKET_EXPORT = "FlaskOps-Bucket"


def describe(name):
    try:
        stacks = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise RuntimeError(f"There is no stack {name} in this account and Region: check StackName.") from None
        raise
    return stacks[0]


def check_agents(instances):
    """Both hosts have to be online: a command to an absent agent would only be found missing by its time-out."""
    filters = [{"Key": "InstanceIds", "Values": sorted(instances)}]
    answer = boto3.client("ssm").describe_instance_information(Filters=filters)
    online = {entry["InstanceId"] for entry in answer["InstanceInformationList"] if entry["PingStatus"] == "Online"}
    for instance, role in sorted(instances.items()):
        if instance not in online:
            raise RuntimeError(
                f"The SSM agent of the {role} host {instance} is not online: start the instance, or look at its"
                " route out, then run this again."
            )


def library_bucket():
    """Find the bucket of the operations stack by its export."""
    for page in boto3.client("cloudformation").get_paginator("list_exports").paginate():
        for export in page["Exports"]:
            if export["Name"] == BUCKET_EXPORT:
                return export["Value"]
    raise RuntimeError(f"Nothing exports {BUCKET_EXPORT} in this Region: deploy the operations stack first.")


def pin(documents):
    """Hash and version of each document now, so that a change of the library meanwhile cannot mix versions."""
    client = boto3.client("ssm")
    hashes, versions = {}, {}
    for name in documents:
        document = client.describe_document(Name=name)["Document"]
        short = name.removeprefix(PREFIX)
        hashes[short] = document["Hash"]
        versions[short] = document["DefaultVersion"]
    return hashes, versions


def find_stack(events, _context):
    name = events["StackName"]
    stack = describe(name)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    missing = [key for key in ("WebInstanceId", "DatabaseInstanceId", "DatabaseSecretArn") if key not in outputs]
    if missing:
        raise RuntimeError(
            f"The stack {name} is not one of this library: it has no output {', '.join(missing)}. Its status is"
            f" {stack['StackStatus']}; deploy cloudformation/stack.yaml completely first."
        )
    if events.get("NeedsAgents", True):
        check_agents({outputs["WebInstanceId"]: "web", outputs["DatabaseInstanceId"]: "database"})
    parameters = {entry["ParameterKey"]: entry.get("ParameterValue", "") for entry in stack.get("Parameters", [])}
    hashes, versions = pin(events.get("Documents", []))
    return {
        **outputs,
        "Parameters": parameters,
        "DomainName": parameters.get("DomainName", ""),
        "Bucket": library_bucket() if events.get("NeedsBucket", False) else "",
        "Hashes": hashes,
        "Versions": versions,
    }
