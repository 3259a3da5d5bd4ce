"""Parameter values: constraints, AWS-specific types and the Rules section, refused before anything is created.

Texts as the service words them; where a ConstraintDescription is given it replaces the reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.cloudformation.exceptions import ValidationError

from rehearsal.cloud.cloudformation.functions import Resolver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rehearsal.cloud.cloudformation.template import Template

    Clients = Callable[[str], Any]

SSM_PREFIX = "AWS::SSM::Parameter::Value<"
# How EC2 is asked whether the value of an AWS-specific parameter type exists: operation and the name of its argument.
EXISTENCE = {
    "AWS::EC2::KeyPair::KeyName": ("describe_key_pairs", "KeyNames"),
    "AWS::EC2::Image::Id": ("describe_images", "ImageIds"),
    "AWS::EC2::VPC::Id": ("describe_vpcs", "VpcIds"),
    "AWS::EC2::Subnet::Id": ("describe_subnets", "SubnetIds"),
    "AWS::EC2::SecurityGroup::Id": ("describe_security_groups", "GroupIds"),
    "AWS::EC2::AvailabilityZone::Name": ("describe_availability_zones", "ZoneNames"),
    "AWS::EC2::Instance::Id": ("describe_instances", "InstanceIds"),
    "AWS::EC2::Volume::Id": ("describe_volumes", "VolumeIds"),
}


def given_values(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """Return each parameter's text: as given or by default. Raises ValidationError for unknown and missing ones."""
    if unknown := sorted(set(given) - set(template.parameters)):
        raise ValidationError(message=f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values = {name: given.get(name, spec.get("Default")) for name, spec in template.parameters.items()}
    if missing := sorted(name for name, value in values.items() if value is None):
        raise ValidationError(message=f"Parameters: [{', '.join(missing)}] must have values")
    return {name: _as_text(value) for name, value in values.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(_as_text, value)) if isinstance(value, list) else str(value)


def resolve_parameters(template: Template, values: Mapping[str, str], clients: Clients) -> dict[str, Any]:
    """Check every value against its constraints and type; return what Ref yields of each parameter."""
    return {name: _resolve(name, spec, values[name], clients) for name, spec in template.parameters.items()}


def _resolve(name: str, spec: Mapping[str, Any], text: str, clients: Clients) -> Any:
    kind: str = spec["Type"]
    is_list = kind == "CommaDelimitedList" or kind.startswith("List<")
    members = [member.strip() for member in text.split(",")] if is_list else [text]
    for member in members:
        _check_constraints(name, spec, member)
    if kind.startswith(SSM_PREFIX):
        return _stored_value(kind, text, clients)
    element = kind.removeprefix("List<").removesuffix(">")
    if element == "Number":
        for member in members:
            _check_number(name, spec, member)
    elif element in EXISTENCE and any(members):
        _check_existence(name, element, members, clients)
    elif element not in ("String", "CommaDelimitedList") and element not in EXISTENCE:
        raise ValidationError(message=f"Template format error: Unrecognized parameter type: {kind}")
    return members if is_list else text


def _refuse(name: str, spec: Mapping[str, Any], reason: str) -> None:
    if spec.get("ConstraintDescription"):
        text = f"Parameter {name} failed to satisfy constraint: {spec['ConstraintDescription']}"
    else:
        text = f"Parameter '{name}' {reason}"
    raise ValidationError(message=text)


def _check_constraints(name: str, spec: Mapping[str, Any], value: str) -> None:
    allowed = spec.get("AllowedValues")
    if allowed is not None and value not in [_as_text(each) for each in allowed]:
        _refuse(name, spec, "must be one of AllowedValues")
    pattern = spec.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, value):
        _refuse(name, spec, f"must match pattern {pattern}")
    if "MinLength" in spec and len(value) < int(spec["MinLength"]):
        _refuse(name, spec, f"must contain at least {spec['MinLength']} characters")
    if "MaxLength" in spec and len(value) > int(spec["MaxLength"]):
        _refuse(name, spec, f"must contain at most {spec['MaxLength']} characters")


def _check_number(name: str, spec: Mapping[str, Any], value: str) -> None:
    try:
        number = float(value)
    except ValueError as error:
        raise ValidationError(message=f"Parameter '{name}' must be a number.") from error
    if "MinValue" in spec and number < float(spec["MinValue"]):
        _refuse(name, spec, f"must be a number not less than {spec['MinValue']}")
    if "MaxValue" in spec and number > float(spec["MaxValue"]):
        _refuse(name, spec, f"must be a number not greater than {spec['MaxValue']}")


def _check_existence(name: str, kind: str, values: list[str], clients: Clients) -> None:
    operation, argument = EXISTENCE[kind]
    for value in values:
        try:
            getattr(clients("ec2"), operation)(**{argument: [value]})
        except ClientError as error:
            text = f"Parameter validation failed: parameter value {value} for parameter name {name} does not exist"
            raise ValidationError(message=text) from error


def _stored_value(kind: str, path: str, clients: Clients) -> Any:
    """Fetch the value of a Parameter Store parameter, as `AWS::SSM::Parameter::Value<…>` asks."""
    try:
        stored = clients("ssm").get_parameter(Name=path)["Parameter"]
    except ClientError as error:
        text = f"Unable to fetch parameters [{path}] from parameter store for this account."
        raise ValidationError(message=text) from error
    if stored["Type"] == "SecureString":
        text = f"Parameters [{path}] referenced by template have types not supported by CloudFormation."
        raise ValidationError(message=text)
    is_list = "List<" in kind[len(SSM_PREFIX) :] or "CommaDelimitedList" in kind
    return stored["Value"].split(",") if is_list else stored["Value"]


def check_rules(template: Template, parameters: Mapping[str, Any]) -> None:
    """Evaluate the Rules section; the first false assertion refuses the operation with its description."""
    resolver = Resolver(template, parameters, {})
    for name, rule in (template.content.get("Rules") or {}).items():
        applies = "RuleCondition" not in rule or resolver.resolve(rule["RuleCondition"])
        for assertion in rule.get("Assertions", []) if applies else []:
            if not resolver.resolve(assertion["Assert"]):
                reason = assertion.get("AssertDescription", f"Rule {name} failed")
                raise ValidationError(message=f"Template validation error: {reason}")
