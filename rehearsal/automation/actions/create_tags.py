"""`aws:createTags`: tag EC2 or Systems Manager resources (reference §3.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.automation.action import LIST, TEXT, Action, Input, StepContext, StepResult
from rehearsal.automation.actions._aws import request
from rehearsal.automation.errors import InvalidInputError
from rehearsal.automation.statuses import Impact

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_SSM = ("ManagedInstance", "MaintenanceWindow", "Parameter")


def run(context: StepContext) -> StepResult:
    """Create the tags and wait until they can be seen."""
    resources, tags = list(context.inputs["ResourceIds"]), list(context.inputs["Tags"])
    kind = context.inputs.get("ResourceType") or "EC2"
    if kind == "EC2":
        _tag_ec2(context, resources, tags)
    elif kind in _OF_SSM:
        if len(resources) != 1:
            raise InvalidInputError(f"ResourceIds takes one item for the ResourceType {kind}, not {len(resources)}")
        request(context, "ssm", "add_tags_to_resource", ResourceType=kind, ResourceId=resources[0], Tags=tags)
    else:
        raise InvalidInputError(f"ResourceType {kind} is none of EC2, {', '.join(_OF_SSM)}")
    return StepResult()


def _tag_ec2(context: StepContext, resources: list[str], tags: list[Mapping[str, Any]]) -> None:
    request(context, "ec2", "create_tags", Resources=resources, Tags=tags)
    wanted = {(resource, tag["Key"], tag.get("Value", "")) for resource in resources for tag in tags}
    filters = [{"Name": "resource-id", "Values": resources}]
    for _ in context.pauses("verifying the tags are created"):
        found = request(context, "ec2", "describe_tags", Filters=filters)["Tags"]
        if wanted <= {(tag["ResourceId"], tag["Key"], tag.get("Value", "")) for tag in found}:
            return


ACTION = Action(
    name="aws:createTags",
    run=run,
    impact=Impact.MUTATING,
    inputs={"ResourceIds": Input(LIST, required=True), "Tags": Input(LIST, required=True), "ResourceType": Input(TEXT)},
)
