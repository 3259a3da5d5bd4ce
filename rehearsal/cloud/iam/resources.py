"""The resources of a call, as ARNs: what a policy's Resource element is compared with.

The service authorization reference tells which types of resource an action has and how their ARNs look; the request's
parameters fill these. Services whose parameters do not name the parts of the ARN have a function of their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.iam.reference import resource_formats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.cloud.authorizer import ApiCall
    from rehearsal.cloud.iam.lookup import Lookup

PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
# Parameters that fill a part of an ARN, where they are not called like it.
FILLED_BY = {
    "DocumentName": ("Name", "DocumentName"),
    "ParameterNameWithoutLeadingSlash": ("Name", "Names", "Path"),
    "AlarmName": ("AlarmName", "AlarmNames"),
    "AssociationId": ("AssociationId", "AssociationIds"),
    "SecurityGroupId": ("SecurityGroupIds", "GroupId", "GroupIds"),
    "SnapshotId": ("SnapshotId", "SnapshotIds"),
    "KeyPairName": ("KeyName",),
    "RuleName": ("Name", "Rule"),
    "RuleNameOnDefaultEventBus": ("Name", "Rule"),
    "ScheduleName": ("Name",),
    "InstanceId": ("InstanceId", "InstanceIds"),
    "VolumeId": ("VolumeId", "VolumeIds"),
    "AllocationId": ("AllocationId",),
    "RoleNameWithPath": ("RoleName",),
    "UserNameWithPath": ("UserName",),
    "PolicyNameWithPath": ("PolicyArn",),
    "InstanceProfileNameWithPath": ("InstanceProfileName",),
    "FunctionName": ("FunctionName",),
    "KeyId": ("KeyId", "TargetKeyId"),
    "StateMachineName": ("stateMachineArn",),
    "TopicName": ("TopicArn", "Name"),
    "Id": ("id", "Id"),
}
EC2_KINDS = {
    "ami": "image", "eipalloc": "elastic-ip", "eni": "network-interface", "fl": "vpc-flow-log", "i": "instance",
    "igw": "internet-gateway", "nat": "natgateway", "rtb": "route-table", "sg": "security-group", "snap": "snapshot",
    "subnet": "subnet", "vol": "volume", "vpc": "vpc",
}  # fmt: skip


def resources_of(call: ApiCall, action: str, lookup: Lookup) -> list[str]:
    """Return the ARNs that a call is about; `*` alone for an action that is about none in particular."""
    special = SPECIAL.get(action) or SPECIAL.get(action.partition(":")[0])
    found = list(special(call, action, lookup)) if special else None
    if found is None:
        found = list(_by_reference(call, action, lookup))
    return list(dict.fromkeys(found)) or ["*"]


def _by_reference(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:
    prefix, _, name = action.partition(":")
    for _, arn_format, required in resource_formats(prefix, name):
        yield from _filled(call, arn_format, required=required, lookup=lookup)


def _filled(call: ApiCall, arn_format: str, *, required: bool, lookup: Lookup) -> Iterator[str]:
    """Yield the ARNs of one format; a required one of which nothing is known ends in a wildcard."""
    known = {"Partition": "aws", "Region": call.region, "Account": call.account_id}
    names = [name for name in PLACEHOLDER.findall(arn_format) if name not in known]
    fixed = PLACEHOLDER.sub(lambda match: known.get(match[1], match[0]), arn_format)
    if not names:
        if required:
            yield fixed
        return
    service = arn_format.split(":")[2]
    values = [value for name in names[:1] for value in _values(call.parameters, name)]
    if names[0] == "InstanceId":  # a machine outside of EC2 is another type of resource, told by its ID
        outside = "managed-instance/" in arn_format
        values = [value for value in values if value.startswith("mi-") == outside]
    for value in values:
        if value.startswith("arn:"):
            if value.split(":")[2] == service:
                yield lookup.whole_arn(value)
        else:
            yield lookup.whole_arn(_substitute(fixed, names, value.lstrip("/"), call.parameters))
    if not values and required:
        yield PLACEHOLDER.sub("*", fixed)


def _substitute(fixed: str, names: list[str], first: str, parameters: Mapping[str, Any]) -> str:
    filled = {names[0]: first}
    filled.update({name: next(iter(_values(parameters, name)), "*") for name in names[1:]})
    return PLACEHOLDER.sub(lambda match: filled[match[1]], fixed)


def _values(parameters: Mapping[str, Any], placeholder: str) -> list[str]:
    lowered = {name.lower(): value for name, value in parameters.items()}
    for name in (placeholder, *FILLED_BY.get(placeholder, ())):
        value = lowered.get(name.lower())
        if isinstance(value, str) and value:
            return [value]
        if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            return list(value)
    return []


def _ssm(call: ApiCall, kind: str, name: str) -> str:
    return f"arn:aws:ssm:{call.region}:{call.account_id}:{kind}/{name}"


def _document(call: ApiCall, name: str) -> str:
    """AWS's own documents have no account in their ARN; a shared one is named by its whole ARN."""
    if name.startswith("arn:"):
        return name.split("/", maxsplit=1)[0] + "/" + name.split("/", 1)[1].split(":", maxsplit=1)[0]
    name = name.split(":", maxsplit=1)[0]
    if name.startswith(("AWS-", "AWSSupport-", "AWSEC2-", "AWSFIS-", "Amazon")):
        return f"arn:aws:ssm:{call.region}::document/{name}"
    return _ssm(call, "document", name)


def _documents(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:  # noqa: ARG001 - all have one signature
    yield _document(call, str(call.parameters.get("Name", "*")))


TAGGED_KINDS = {
    "Association": "association", "Automation": "automation-execution", "Document": "document",
    "MaintenanceWindow": "maintenancewindow", "ManagedInstance": "managed-instance", "OpsItem": "opsitem",
    "OpsMetadata": "opsmetadata", "Parameter": "parameter", "PatchBaseline": "patchbaseline",
}  # fmt: skip


def _tagged(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:  # noqa: ARG001 - as above
    kind = TAGGED_KINDS.get(str(call.parameters.get("ResourceType")), "*")
    yield _ssm(call, kind, str(call.parameters.get("ResourceId", "*")).lstrip("/"))


def _schedule(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:  # noqa: ARG001 - as above
    group, name = call.parameters.get("GroupName") or "default", call.parameters.get("Name") or "*"
    yield f"arn:aws:scheduler:{call.region}:{call.account_id}:schedule/{group}/{name}"


def _send_command(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:  # noqa: ARG001 - as above
    """SendCommand is checked on the document and on every instance."""
    parameters = call.parameters
    yield _document(call, str(parameters.get("DocumentName", "*")))
    instances = list(parameters.get("InstanceIds") or []) or lookup.targeted_instances(parameters.get("Targets") or [])
    for instance in instances or ["*"]:
        where = "ssm" if instance.startswith("mi-") else "ec2"
        kind = "managed-instance" if instance.startswith("mi-") else "instance"
        yield f"arn:aws:{where}:{call.region}:{call.account_id}:{kind}/{instance}"
    if bucket := parameters.get("OutputS3BucketName"):
        yield f"arn:aws:s3:::{bucket}"


def _start_automation(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:  # noqa: ARG001 - as above
    name = str(call.parameters.get("DocumentName", "*"))
    yield _document(call, name)
    yield _ssm(call, "automation-execution", "*")


def _parameters(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:  # noqa: ARG001 - as above
    parameters = call.parameters
    names = list(parameters.get("Names") or []) or [parameters.get("Name") or parameters.get("Path") or "*"]
    for name in names:
        bare = str(name).split(":")[0] if not str(name).startswith("arn:") else str(name)
        yield bare if bare.startswith("arn:") else _ssm(call, "parameter", bare.lstrip("/"))


def _association(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:  # noqa: ARG001 - as above
    parameters = call.parameters
    if parameters.get("Name"):
        yield _document(call, str(parameters["Name"]))
    if parameters.get("AssociationId"):
        yield _ssm(call, "association", str(parameters["AssociationId"]))


def _stack(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:
    name = call.parameters.get("StackName")
    if action in ("cloudformation:ValidateTemplate", "cloudformation:ListStacks", "cloudformation:ListExports"):
        return
    if not name and call.parameters.get("ChangeSetName", "").startswith("arn:"):
        name = lookup.stack_of_change_set(call.parameters["ChangeSetName"])
    if not name:
        if action != "cloudformation:GetTemplateSummary":
            yield f"arn:aws:cloudformation:{call.region}:{call.account_id}:stack/*"
        return
    yield name if name.startswith("arn:") else lookup.stack_arn(name)


def _s3(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:  # noqa: ARG001 - as above
    parameters = call.parameters
    bucket = parameters.get("Bucket")
    if not bucket:
        return
    keys = [parameters["Key"]] if parameters.get("Key") else []
    delete = parameters.get("Delete")
    if isinstance(delete, dict):
        keys += [each["Key"] for each in delete.get("Objects", [])]
    if not keys:
        yield f"arn:aws:s3:::{bucket}"
    for key in keys:
        yield f"arn:aws:s3:::{bucket}/{key}"


def _logs(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:  # noqa: ARG001 - as above
    """A log group is compared as `…:log-group:NAME:log-stream:`, which is why policies end its ARN in `:*`."""
    parameters = call.parameters
    name = (
        parameters.get("logGroupName") or parameters.get("logGroupIdentifier") or parameters.get("logGroupNamePrefix")
    )
    if str(name).startswith("arn:"):
        name = str(name).split(":")[6]
    stream = parameters.get("logStreamName", "")
    if not name:
        yield f"arn:aws:logs:{call.region}:{call.account_id}:log-group::log-stream:"
        return
    yield f"arn:aws:logs:{call.region}:{call.account_id}:log-group:{name}:log-stream:{stream}"


def _ec2_tags(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:  # noqa: ARG001 - as above
    for identifier in call.parameters.get("Resources") or []:
        kind = EC2_KINDS.get(str(identifier).split("-")[0], "*")
        yield f"arn:aws:ec2:{call.region}:{call.account_id}:{kind}/{identifier}"


def _queue(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:  # noqa: ARG001 - as above
    url = str(call.parameters.get("QueueUrl", ""))
    name = url.rsplit("/", 1)[-1] or str(call.parameters.get("QueueName", "*"))
    yield f"arn:aws:sqs:{call.region}:{call.account_id}:{name}"


def _assume(call: ApiCall, action: str, lookup: Lookup) -> Iterator[str]:  # noqa: ARG001 - as above
    if call.parameters.get("RoleArn"):
        yield str(call.parameters["RoleArn"])


SPECIAL: dict[str, Any] = {
    "cloudformation": _stack,
    "ec2:CreateTags": _ec2_tags,
    "ec2:DeleteTags": _ec2_tags,
    "logs": _logs,
    "s3": _s3,
    "scheduler:CreateSchedule": _schedule,
    "scheduler:DeleteSchedule": _schedule,
    "scheduler:GetSchedule": _schedule,
    "scheduler:UpdateSchedule": _schedule,
    "sqs": _queue,
    "ssm:AddTagsToResource": _tagged,
    "ssm:CreateAssociation": _association,
    "ssm:DeleteAssociation": _association,
    "ssm:DeleteParameter": _parameters,
    "ssm:DeleteParameters": _parameters,
    "ssm:DeleteDocument": _documents,
    "ssm:DescribeAssociation": _association,
    "ssm:DescribeDocument": _documents,
    "ssm:GetDocument": _documents,
    "ssm:GetParameter": _parameters,
    "ssm:GetParameterHistory": _parameters,
    "ssm:GetParameters": _parameters,
    "ssm:GetParametersByPath": _parameters,
    "ssm:ListDocumentVersions": _documents,
    "ssm:ListTagsForResource": _tagged,
    "ssm:PutParameter": _parameters,
    "ssm:RemoveTagsFromResource": _tagged,
    "ssm:SendCommand": _send_command,
    "ssm:StartAutomationExecution": _start_automation,
    "ssm:UpdateAssociation": _association,
    "ssm:UpdateDocument": _documents,
    "ssm:UpdateDocumentDefaultVersion": _documents,
    "sts": _assume,
}
