"""Stacks, resources and events in the shapes of CloudFormation's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.cloud.cloudformation.stack import ChangeSet, Event, Resource, Stack
    from rehearsal.cloud.cloudformation.template import Template

Shape = dict[str, Any]


def _given(shape: Shape) -> Shape:
    """Leave out what is not there: the wire format has no null."""
    return {key: value for key, value in shape.items() if value is not None and value != ""}


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _parameters(template: Template, parameters: dict[str, str], values: dict[str, Any]) -> list[Shape]:
    shapes = []
    for key, text in parameters.items():
        spec = template.parameters.get(key, {})
        secret = str(spec.get("NoEcho", False)).lower() == "true"
        shape = {"ParameterKey": key, "ParameterValue": "****" if secret else text}
        if str(spec.get("Type", "")).startswith("AWS::SSM::Parameter::Value") and key in values:
            shape["ResolvedValue"] = str(values[key])
        shapes.append(shape)
    return shapes


def stack_shape(stack: Stack) -> Shape:
    """Return a stack as DescribeStacks does."""
    return _given(
        {
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "Description": stack.template.description,
            "Parameters": _parameters(stack.template, stack.parameters, stack.values) or None,
            "CreationTime": stack.created,
            "LastUpdatedTime": stack.updated,
            "DeletionTime": stack.deleted,
            "StackStatus": stack.status,
            "StackStatusReason": stack.reason,
            "DisableRollback": stack.disable_rollback,
            "NotificationARNs": stack.notification_arns,
            "TimeoutInMinutes": stack.timeout_minutes,
            "Capabilities": stack.capabilities or None,
            "Outputs": [dict(output) for output in stack.outputs] or None,
            "RoleARN": stack.role_arn,
            "Tags": _pairs(stack.tags),
            "EnableTerminationProtection": stack.termination_protection,
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        }
    )


def summary_shape(stack: Stack) -> Shape:
    """Return a stack as ListStacks does."""
    return _given(
        {
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "TemplateDescription": stack.template.description,
            "CreationTime": stack.created,
            "LastUpdatedTime": stack.updated,
            "DeletionTime": stack.deleted,
            "StackStatus": stack.status,
            "StackStatusReason": stack.reason,
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        }
    )


def resource_shape(resource: Resource, stack: Stack) -> Shape:
    """Return a resource; the three operations that show one pick what they need."""
    return _given(
        {
            "StackName": stack.name,
            "StackId": stack.stack_id,
            "LogicalResourceId": resource.logical_id,
            "PhysicalResourceId": resource.made.physical_id if resource.made else None,
            "ResourceType": resource.type_name,
            "Timestamp": resource.updated,
            "LastUpdatedTimestamp": resource.updated,
            "ResourceStatus": resource.status,
            "ResourceStatusReason": resource.reason,
            "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
        }
    )


def event_shape(event: Event, stack: Stack) -> Shape:
    """Return an event as DescribeStackEvents does, without properties: they may hold what must not be shown."""
    return _given(
        {
            "StackId": stack.stack_id,
            "EventId": event.event_id,
            "StackName": stack.name,
            "LogicalResourceId": event.logical_id,
            "PhysicalResourceId": event.physical_id,
            "ResourceType": event.type_name,
            "Timestamp": event.timestamp,
            "ResourceStatus": event.status,
            "ResourceStatusReason": event.reason,
        }
    )


def change_set_shape(change_set: ChangeSet, stack: Stack) -> Shape:
    """Return a change set as DescribeChangeSet does."""
    return _given(
        {
            "ChangeSetName": change_set.name,
            "ChangeSetId": change_set.change_set_id,
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "Description": change_set.description,
            "Parameters": _parameters(change_set.template, change_set.parameters, change_set.values),
            "CreationTime": change_set.created,
            "ExecutionStatus": change_set.execution_status,
            "Status": change_set.status,
            "StatusReason": change_set.reason,
            "Capabilities": change_set.capabilities,
            "Tags": _pairs(change_set.tags),
            "Changes": change_set.changes,
            "IncludeNestedStacks": False,
        }
    )


def parameter_declarations(template: Template) -> list[Shape]:
    """Return a template's parameters as GetTemplateSummary and ValidateTemplate do."""
    return [
        _given(
            {
                "ParameterKey": key,
                "DefaultValue": None if spec.get("Default") is None else str(spec["Default"]),
                "ParameterType": spec["Type"],
                "NoEcho": str(spec.get("NoEcho", False)).lower() == "true",
                "Description": spec.get("Description"),
                "ParameterConstraints": {"AllowedValues": [str(each) for each in spec.get("AllowedValues", [])]},
            }
        )
        for key, spec in template.parameters.items()
    ]
