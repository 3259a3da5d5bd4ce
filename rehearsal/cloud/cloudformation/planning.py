"""What is checked of an operation before it touches anything, and what it is then to bring about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.cloudformation.exceptions import CloudFormationError, ValidationError

from rehearsal.cloud.cloudformation.functions import Resolver
from rehearsal.cloud.cloudformation.graph import dependencies
from rehearsal.cloud.cloudformation.parameters import check_rules, given_values, resolve_parameters
from rehearsal.cloud.cloudformation.registry import known_types
from rehearsal.cloud.cloudformation.removal import Target
from rehearsal.cloud.cloudformation.template import Template, parse_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rehearsal.cloud.cloudformation.stack import Stack

NAMED_IAM = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::Group": "GroupName",
}


class InsufficientCapabilitiesError(CloudFormationError):
    """The template makes IAM resources and the caller did not acknowledge it."""

    code = "InsufficientCapabilitiesException"


def plan(
    stack: Stack,
    text: str,
    given: Mapping[str, str],
    *,
    tags: Mapping[str, str],
    capabilities: list[str],
    clients: Callable[[str], Any],
) -> Target:
    """Check all that can be checked before anything is touched; raises ValidationError and its like."""
    template = parse_template(text, known_types())
    texts = given_values(template, given)
    values = resolve_parameters(template, texts, clients)
    values.update(_pseudo_parameters(stack))
    check_rules(template, values)
    _check_capabilities(template, capabilities)
    dependencies(template, template.resources)
    _ask_for_zones(template, clients)
    resolver = Resolver(template, values, {})
    for name in template.conditions:
        resolver.condition(name)
    return Target(template, texts, values, dict(tags))


def _ask_for_zones(template: Template, clients: Callable[[str], Any]) -> None:
    """Ask for what Fn::GetAZs asks for, which whoever deploys has to be allowed, at an update as well.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-getavailabilityzones.html
    ("IAM permissions").
    """
    if not _uses(template.content, "Fn::GetAZs"):
        return
    ec2 = clients("ec2")
    try:
        ec2.describe_availability_zones()
        ec2.describe_account_attributes()
        ec2.describe_subnets()
    except ClientError as error:
        raise ValidationError(message=f"Template error: Fn::GetAZs cannot be resolved: {error}") from error


def _uses(value: Any, function: str) -> bool:
    if isinstance(value, dict):
        return function in value or any(_uses(inner, function) for inner in value.values())
    return isinstance(value, list) and any(_uses(inner, function) for inner in value)


def _pseudo_parameters(stack: Stack) -> dict[str, Any]:
    return {
        "AWS::AccountId": stack.account_id,
        "AWS::NotificationARNs": list(stack.notification_arns),
        "AWS::Partition": stack.stack_id.split(":")[1],
        "AWS::Region": stack.region,
        "AWS::StackId": stack.stack_id,
        "AWS::StackName": stack.name,
        "AWS::URLSuffix": "amazonaws.com",
    }


def _check_capabilities(template: Template, acknowledged: list[str]) -> None:
    iam = [resource for resource in template.resources.values() if resource["Type"].startswith("AWS::IAM::")]
    if not iam:
        return
    named = any(NAMED_IAM.get(resource["Type"]) in (resource.get("Properties") or {}) for resource in iam)
    sufficient = {"CAPABILITY_NAMED_IAM"} if named else {"CAPABILITY_NAMED_IAM", "CAPABILITY_IAM"}
    if not sufficient & set(acknowledged):
        needed = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
        raise InsufficientCapabilitiesError(f"Requires capabilities : [{needed}]")
