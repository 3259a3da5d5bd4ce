"""The CloudFormation API on stacks and change sets; stack sets remain moto's."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult

from rehearsal.cloud.cloudformation.registry import known_types
from rehearsal.cloud.cloudformation.shapes import (
    change_set_shape,
    event_shape,
    parameter_declarations,
    resource_shape,
    stack_shape,
    summary_shape,
)
from rehearsal.cloud.cloudformation.template import BODY_LIMIT, parse_template

if TYPE_CHECKING:
    from rehearsal.cloud.cloudformation.models import StackBackend
    from rehearsal.cloud.cloudformation.stack import Stack

CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/")
# The CLI's `deploy` looks at the stack, then sleeps for thirty seconds. A client that waits (botocore says so in its
# user agent: feature B) is answered when the stack is done, or before its read timeout of sixty seconds: that saves
# most of the sleep and changes no answer.
WAITING_CLIENT = re.compile(r"\bm/(?:[A-Za-z0-9+-]+,)*B(?:[,\s]|$)")
PATIENCE_SECONDS = 45.0


class StackResponse(CloudFormationResponse):
    """Answers with dictionaries in botocore's shapes."""

    # moto turns its own objects into shapes here; stack sets still need it.
    RESPONSE_KEY_PATH_TO_TRANSFORMER = {  # noqa: RUF012 - moto's own declares it
        path: transform
        for path, transform in CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
        if path.startswith("DescribeStackSetOutput")
    }

    @property
    def stacks(self) -> StackBackend:
        """Return the backend of the caller's account and Region."""
        return cast("StackBackend", self.cloudformation_backend)

    @property
    def caller_key(self) -> str:
        """Return the access key that the request is signed with."""
        found = CREDENTIAL.search(self.headers.get("Authorization", ""))
        return found[1] if found else ""

    def _template_text(self, stack: Stack | None = None) -> str:
        body, url = self._get_param("TemplateBody"), self._get_param("TemplateURL")
        previous = self._get_bool_param("UsePreviousTemplate", False)
        if previous and (body or url):
            raise ValidationError(message="You cannot specify both usePreviousTemplate and Template Body/Template URL.")
        if previous and stack is not None:
            return stack.template.text
        if url:
            return self._get_stack_from_s3_url(url)
        if not body:
            raise ValidationError(message="Either Template URL or Template Body must be specified.")
        if len(body.encode()) > BODY_LIMIT:
            raise ValidationError(
                message="1 validation error detected: Value at 'templateBody' failed to satisfy constraint:"
                f" Member must have length less than or equal to {BODY_LIMIT}"
            )
        return str(body)

    def _get_stack_from_s3_url(self, template_url: str) -> str:
        """Read a template from S3; moto takes the first word of an address that is not Amazon's for the bucket."""
        parts = urlsplit(template_url)
        if not (parts.hostname or "").endswith(".amazonaws.com"):
            template_url = f"https://s3.amazonaws.com{parts.path}"
        return str(super()._get_stack_from_s3_url(template_url))

    def _given(self, stack: Stack | None = None) -> dict[str, str]:
        given: dict[str, str] = {}
        for parameter in self._get_param("Parameters", []):
            key = parameter["ParameterKey"]
            if not parameter.get("UsePreviousValue"):
                given[key] = parameter.get("ParameterValue", "")
            elif stack is not None and key in stack.parameters:
                given[key] = stack.parameters[key]
            else:
                raise ValidationError(
                    message=f"Invalid input for parameter key {key}. Unable to retrieve its previous value."
                )
        return given

    def _tags(self) -> dict[str, str] | None:
        tags = self._get_param("Tags")
        return None if tags is None else {tag["Key"]: tag["Value"] for tag in tags}

    def create_stack(self) -> ActionResult:
        """Begin to create a stack."""
        on_failure = self._get_param("OnFailure")
        if self._get_bool_param("DisableRollback", False):
            on_failure = "DO_NOTHING"
        stack = self.stacks.create_stack(
            self._get_param("StackName"),
            self._template_text(),
            self._given(),
            tags=self._tags() or {},
            capabilities=self._get_param("Capabilities", []),
            role_arn=self._get_param("RoleARN"),
            on_failure=on_failure or "ROLLBACK",
            access_key=self.caller_key,
            notification_arns=self._get_param("NotificationARNs", []),
            enable_termination_protection=self._get_bool_param("EnableTerminationProtection", False),
            timeout_in_mins=self._get_int_param("TimeoutInMinutes"),
            stack_policy_body=self._get_param("StackPolicyBody"),
        )
        return ActionResult({"StackId": stack.stack_id})

    def update_stack(self) -> ActionResult:
        """Begin to update a stack."""
        stack = self.stacks.find(self._get_param("StackName"), deleted=False)
        self.stacks.update_stack(
            stack.stack_id,
            self._template_text(stack),
            self._given(stack),
            tags=self._tags(),
            capabilities=self._get_param("Capabilities", []),
            role_arn=self._get_param("RoleARN"),
            disable_rollback=bool(self._get_bool_param("DisableRollback", False)),
            access_key=self.caller_key,
        )
        return ActionResult({"StackId": stack.stack_id})

    def delete_stack(self) -> ActionResult:
        """Begin to delete a stack."""
        retain = frozenset(self._get_param("RetainResources", []))
        self.stacks.delete_stack(self._get_param("StackName"), retain, self.caller_key)
        return EmptyResult()

    def cancel_update_stack(self) -> ActionResult:
        """End an update under way."""
        self.stacks.cancel_update(self._get_param("StackName"))
        return EmptyResult()

    def create_change_set(self) -> ActionResult:
        """Compute and keep a change."""
        kind = self._get_param("ChangeSetType", "UPDATE")
        name = self._get_param("StackName")
        stack = self.stacks.find(name, deleted=False) if kind == "UPDATE" else None
        change_set, stack = self.stacks.create_change_set(
            name,
            self._get_param("ChangeSetName"),
            self._template_text(stack),
            self._given(stack),
            kind=kind,
            tags=self._tags(),
            capabilities=self._get_param("Capabilities", []),
            role_arn=self._get_param("RoleARN"),
            description=self._get_param("Description"),
            access_key=self.caller_key,
        )
        return ActionResult({"Id": change_set.change_set_id, "StackId": stack.stack_id})

    def describe_change_set(self) -> ActionResult:
        """Show a change set."""
        change_set, stack = self.stacks.find_change_set(self._get_param("ChangeSetName"), self._get_param("StackName"))
        return ActionResult(change_set_shape(change_set, stack))

    def execute_change_set(self) -> ActionResult:
        """Begin what a change set describes."""
        self.stacks.execute_change_set(
            self._get_param("ChangeSetName"),
            self._get_param("StackName"),
            disable_rollback=bool(self._get_bool_param("DisableRollback", False)),
            access_key=self.caller_key,
        )
        return EmptyResult()

    def delete_change_set(self) -> ActionResult:
        """Forget a change set."""
        self.stacks.remove_change_set(self._get_param("ChangeSetName"), self._get_param("StackName"))
        return EmptyResult()

    def list_change_sets(self) -> ActionResult:
        """List the change sets of a stack."""
        stack = self.stacks.find(self._get_param("StackName"))
        shapes = [change_set_shape(change_set, stack) for change_set in stack.change_sets.values()]
        return ActionResult({"Summaries": shapes})

    def describe_stacks(self) -> ActionResult:
        """Show one stack or all that are not deleted."""
        name = self._get_param("StackName")
        if not name:
            return ActionResult({"Stacks": [stack_shape(stack) for stack in list(self.stacks.stacks.values())]})
        stack = self.stacks.find(name)
        if WAITING_CLIENT.search(self.headers.get("User-Agent", "")):
            _wait_while_busy(stack)
        return ActionResult({"Stacks": [stack_shape(stack)]})

    def list_stacks(self) -> ActionResult:
        """List all stacks, deleted ones included, or those of some statuses."""
        wanted = self._get_param("StackStatusFilter", [])
        found = [stack for stack in self.stacks.all_stacks() if not wanted or stack.status in wanted]
        return ActionResult({"StackSummaries": [summary_shape(stack) for stack in found]})

    def describe_stack_events(self) -> ActionResult:
        """Show a stack's history, the newest event first."""
        stack = self.stacks.find(self._get_param("StackName"))
        return ActionResult({"StackEvents": [event_shape(event, stack) for event in reversed(list(stack.events))]})

    def describe_stack_resource(self) -> ActionResult:
        """Show one resource of a stack."""
        stack = self.stacks.find(self._get_param("StackName"))
        resource = self.stacks.resource(stack, self._get_param("LogicalResourceId"))
        return ActionResult({"StackResourceDetail": resource_shape(resource, stack)})

    def describe_stack_resources(self) -> ActionResult:
        """Show the resources of a stack, or the stack that a physical resource belongs to."""
        physical_id, logical_id = self._get_param("PhysicalResourceId"), self._get_param("LogicalResourceId")
        stack = self._owner(physical_id) if physical_id else self.stacks.find(self._get_param("StackName"))
        resources = [each for each in list(stack.resources.values()) if logical_id in (None, each.logical_id)]
        return ActionResult({"StackResources": [resource_shape(each, stack) for each in resources]})

    def _owner(self, physical_id: str) -> Stack:
        for stack in self.stacks.stacks.values():
            if any(each.made and each.made.physical_id == physical_id for each in stack.resources.values()):
                return stack
        raise ValidationError(message=f"Stack for {physical_id} does not exist")

    def list_stack_resources(self) -> ActionResult:
        """List the resources of a stack."""
        stack = self.stacks.find(self._get_param("StackName"))
        shapes = [resource_shape(each, stack) for each in list(stack.resources.values())]
        return ActionResult({"StackResourceSummaries": shapes})

    def get_template(self) -> ActionResult:
        """Show a stack's template as it was given."""
        name, change_set_name = self._get_param("StackName"), self._get_param("ChangeSetName")
        if change_set_name:
            template = self.stacks.find_change_set(change_set_name, name)[0].template
        else:
            template = self.stacks.find(name).template
        return ActionResult({"TemplateBody": template.text, "StagesAvailable": ["Original", "Processed"]})

    def get_template_summary(self) -> ActionResult:
        """Show what a template declares."""
        name = self._get_param("StackName")
        template = self.stacks.find(name).template if name else parse_template(self._template_text(), known_types())
        return ActionResult(
            {
                "Parameters": parameter_declarations(template),
                "Description": template.description,
                "ResourceTypes": sorted({resource["Type"] for resource in template.resources.values()}),
                "Version": template.content.get("AWSTemplateFormatVersion"),
                "Metadata": str(template.content["Metadata"]) if "Metadata" in template.content else None,
            }
        )

    def validate_template(self) -> ActionResult:
        """Check a template's form."""
        template = parse_template(self._template_text(), known_types())
        return ActionResult(
            {"Description": template.description, "Parameters": parameter_declarations(template), "Capabilities": []}
        )

    def list_exports(self) -> ActionResult:
        """List all exported outputs."""
        exports = self.stacks.exported().items()
        shapes = [{"Name": name, "ExportingStackId": owner, "Value": value} for name, (owner, value) in exports]
        return ActionResult({"Exports": shapes})

    def update_termination_protection(self) -> ActionResult:
        """Protect a stack from deletion, or no longer."""
        stack = self.stacks.find(self._get_param("StackName"), deleted=False)
        stack.termination_protection = bool(self._get_bool_param("EnableTerminationProtection", False))
        return ActionResult({"StackId": stack.stack_id})


def _wait_while_busy(stack: Stack) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while stack.busy and time.monotonic() < deadline:
        time.sleep(0.1)
