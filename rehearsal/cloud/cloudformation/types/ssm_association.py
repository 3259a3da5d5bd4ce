"""AWS::SSM::Association."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from rehearsal.cloud.cloudformation.errors import ResourceFailed
from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT = "WaitForSuccessTimeoutSeconds"
CHANGEABLE = (
    "ApplyOnlyAtCronInterval", "AssociationName", "AutomationTargetParameterName", "CalendarNames",
    "ComplianceSeverity", "DocumentVersion", "MaxConcurrency", "MaxErrors", "Name", "OutputLocation", "Parameters",
    "ScheduleExpression", "ScheduleOffset", "SyncCompliance", "Targets",
)  # fmt: skip
DETAIL_LIMIT = 1_000  # characters of a failed target's words that an event shows


class Association(ResourceType):
    """A State Manager association; with WaitForSuccessTimeoutSeconds it is complete once its first run succeeded."""

    type_name = "AWS::SSM::Association"
    supported = frozenset({*CHANGEABLE, "InstanceId", WAIT})
    in_place = frozenset({*CHANGEABLE, WAIT, "Tags"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the association, which runs it at once."""
        request = {name: properties[name] for name in (*CHANGEABLE, "InstanceId") if name in properties}
        answer = context.client("ssm").create_association(**request, Tags=context.tags(properties))
        association_id = answer["AssociationDescription"]["AssociationId"]
        return Made(association_id, {"AssociationId": association_id})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Update the association, which runs it again."""
        request = {name: new[name] for name in CHANGEABLE if name in new}
        context.client("ssm").update_association(AssociationId=made.physical_id, **request)
        return made

    def stabilize(self, context: Context, made: Made, properties: Properties) -> Made:
        """Wait for the run's success, if the template asks for it."""
        timeout = properties.get(WAIT)
        if timeout is None:
            return made
        deadline = time.monotonic() + float(timeout)
        while (status := self._status(context, made)) != "Success":
            if status == "Failed":
                why = self._why(context, made)
                raise ResourceFailed(f"Association {made.physical_id} of {properties['Name']} failed. {why}")
            if time.monotonic() > deadline:
                raise ResourceFailed(
                    f"Association {made.physical_id} of {properties['Name']} did not succeed within {timeout} seconds;"
                    f" its status is {status}. {self._why(context, made)}"
                )
            context.pause(0.5)
        return made

    def _status(self, context: Context, made: Made) -> str:
        found = context.client("ssm").describe_association(AssociationId=made.physical_id)["AssociationDescription"]
        overview = found.get("Overview") or {}
        return str(overview.get("Status") or found.get("Status", {}).get("Name") or "Pending")

    def _why(self, context: Context, made: Made) -> str:
        """Tell what the targets of the last run said, as far as the service tells."""
        try:
            return "; ".join(self._targets(context, made))[:DETAIL_LIMIT]
        except (ClientError, KeyError, IndexError):
            return ""

    def _targets(self, context: Context, made: Made) -> Iterator[str]:
        ssm = context.client("ssm")
        run = ssm.describe_association_executions(AssociationId=made.physical_id)["AssociationExecutions"][0]
        found = ssm.describe_association_execution_targets(
            AssociationId=made.physical_id, ExecutionId=run["ExecutionId"]
        )["AssociationExecutionTargets"]
        for target in found:
            status = target.get("DetailedStatus") or target.get("Status")
            yield f"{target['ResourceId']}: {status}{_source(ssm, target)}"

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the association."""
        context.client("ssm").delete_association(AssociationId=made.physical_id)


def _source(ssm: Any, target: dict[str, Any]) -> str:
    """Quote the end of a command's error output on a target, where a command was the target's run."""
    source = target.get("OutputSource") or {}
    if not source.get("OutputSourceId") or target.get("Status") == "Success":
        return ""
    invocation = ssm.get_command_invocation(CommandId=source["OutputSourceId"], InstanceId=target["ResourceId"])
    words = (invocation.get("StandardErrorContent") or invocation.get("StandardOutputContent") or "").strip()
    return f" ({words[-400:]})" if words else ""
