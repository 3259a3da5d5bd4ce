"""Which resources an execution with `Targets` means (reference §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.automation.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.automation.access import Session

INSTANCE = "AWS::EC2::Instance"
_MOST_VALUES = 50
_TAG = "tag:"


def check_targets(targets: list[Mapping[str, Any]]) -> None:
    """Refuse targets that the service refuses. Raises `ApiError`."""
    if len(targets) > 1:
        raise _refuse("Only one resource group or tag can be specified at a time")
    for target in targets:
        key, values = str(target.get("Key", "")), target.get("Values") or []
        if key not in {"ParameterValues", "ResourceGroup", INSTANCE} and not key.startswith(_TAG):
            raise _refuse(f"Target key {key!r} is not one of tag:<key>, ParameterValues, ResourceGroup and {INSTANCE}")
        if not values:
            raise _refuse(f"Target {key} has no Values")
        if key == "ParameterValues" and len(values) > _MOST_VALUES:
            raise _refuse(f"Target ParameterValues has {len(values)} values; the most is {_MOST_VALUES}")
        if key == INSTANCE and list(values) != ["*"]:
            raise _refuse(f"Target {INSTANCE} takes the one value *")


def resolve_targets(session: Session, targets: list[Mapping[str, Any]], target_type: str | None) -> list[str]:
    """Return the value of each target, in a stable order and once each. Raises `ApiError` (InvalidTarget)."""
    found: list[str] = []
    for target in targets:
        key, values = str(target["Key"]), [str(value) for value in target["Values"]]
        try:
            found.extend(_values(session, key, values, (target_type or "/").removeprefix("/")))
        except (ClientError, BotoCoreError) as error:
            raise ApiError("InvalidTarget", f"Target {key} cannot be resolved: {error}") from error
    return list(dict.fromkeys(found))


def _values(session: Session, key: str, values: list[str], target_type: str) -> Iterator[str]:
    if key == "ParameterValues":
        yield from values
    elif key == INSTANCE:
        yield from _instances(session, [])
    elif key == "ResourceGroup":
        yield from _group(session, values, target_type)
    elif target_type == INSTANCE:
        yield from _instances(session, [{"Name": key, "Values": values}])
    else:
        yield from _tagged(session, key.removeprefix(_TAG), values, target_type)


def _instances(session: Session, filters: list[dict[str, Any]]) -> Iterator[str]:
    """Yield instances, terminated ones too while EC2 still lists them, as the service does."""
    for page in session.client("ec2").get_paginator("describe_instances").paginate(Filters=filters):
        for reservation in page["Reservations"]:
            yield from (str(instance["InstanceId"]) for instance in reservation["Instances"])


def _tagged(session: Session, key: str, values: list[str], target_type: str) -> Iterator[str]:
    """Yield tagged resources of the document's type; without a type, of every type."""
    paginator = session.client("resourcegroupstaggingapi").get_paginator("get_resources")
    for page in paginator.paginate(TagFilters=[{"Key": key, "Values": values}]):
        for resource in page["ResourceTagMappingList"]:
            arn = str(resource["ResourceARN"])
            if not target_type or arn.split(":")[2] == target_type.split("::")[1].lower():
                yield resource_id(arn)


def _group(session: Session, names: list[str], target_type: str) -> Iterator[str]:
    for name in names:
        paginator = session.client("resource-groups").get_paginator("list_group_resources")
        for page in paginator.paginate(Group=name):
            for entry in page.get("Resources", []):
                identifier = entry["Identifier"]
                if not target_type or identifier.get("ResourceType") == target_type:
                    yield resource_id(str(identifier["ResourceArn"]))


def resource_id(arn: str) -> str:
    """Return what names a resource in API calls: the last part of its ARN."""
    return arn.split(":", 5)[-1].rpartition("/")[2].rpartition(":")[2]


def _refuse(message: str) -> ApiError:
    return ApiError("InvalidAutomationExecutionParametersException", message)
