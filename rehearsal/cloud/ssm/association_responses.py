"""State Manager on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult

from rehearsal.cloud.ssm.exceptions import SsmError, validation_error
from rehearsal.cloud.ssm.paging import page
from rehearsal.cloud.ssm.request import SsmRequest

if TYPE_CHECKING:
    from rehearsal.cloud.ssm.association_records import Association, Execution, Target


class AssociationResponses(SsmRequest):
    """CreateAssociation … DescribeAssociationExecutionTargets."""

    def create_association(self) -> ActionResult:
        association = self.backend.associations.create(self.input, str(self.access_key))
        return ActionResult({"AssociationDescription": association.description()})

    def update_association(self) -> ActionResult:
        association = self.backend.associations.update(self.input)
        return ActionResult({"AssociationDescription": association.description()})

    def describe_association(self) -> ActionResult:
        request = self.input
        association = self.backend.associations.find_by(request)
        wanted = request.get("AssociationVersion")
        if wanted in {None, "$LATEST", association.version}:
            return ActionResult({"AssociationDescription": association.description()})
        if not wanted.isdecimal() or int(wanted) > len(association.versions):
            raise SsmError("InvalidAssociationVersion", f"The association has no version {wanted}.")
        older = association.version_views()[-int(wanted)]
        described = {key: value for key, value in older.items() if key != "CreatedDate"}
        return ActionResult({"AssociationDescription": described | {"Overview": association.overview()}})

    def list_associations(self) -> ActionResult:
        wanted = self.input.get("AssociationFilterList") or []
        found = [a for a in self.backend.associations.all() if all(_passes(a, f["key"], f["value"]) for f in wanted)]
        shown, token = page(found, self.input)
        return ActionResult({"Associations": [association.listed() for association in shown], "NextToken": token})

    def list_association_versions(self) -> ActionResult:
        association = self.backend.associations.find(self.input["AssociationId"])
        shown, token = page(association.version_views(), self.input)
        return ActionResult({"AssociationVersions": shown, "NextToken": token})

    def delete_association(self) -> ActionResult:
        self.backend.associations.delete(self.backend.associations.find_by(self.input).association_id)
        return EmptyResult()

    def start_associations_once(self) -> ActionResult:
        self.backend.associations.start_once(self.input["AssociationIds"])
        return EmptyResult()

    def describe_association_executions(self) -> ActionResult:
        request = self.input
        association = self.backend.associations.find(request["AssociationId"])
        wanted = request.get("Filters") or []
        found = [e for e in reversed(association.executions) if all(_execution_passes(e, f) for f in wanted)]
        shown, token = page(found, request)
        views = [execution.view(association.association_id) for execution in shown]
        return ActionResult({"AssociationExecutions": views, "NextToken": token})

    def describe_association_execution_targets(self) -> ActionResult:
        request = self.input
        association = self.backend.associations.find(request["AssociationId"])
        execution = self.backend.associations.execution(association, request["ExecutionId"])
        wanted = request.get("Filters") or []
        found = [t for t in execution.targets.values() if all(_target_passes(t, f["Key"], f["Value"]) for f in wanted)]
        shown, token = page(found, request)
        views = [execution.target_view(association.association_id, target) for target in shown]
        return ActionResult({"AssociationExecutionTargets": views, "NextToken": token})


def _passes(association: Association, key: str, value: str) -> bool:
    match key:
        case "AssociationId":
            return association.association_id == value
        case "Name":
            return bool(association.request["Name"] == value)
        case "AssociationName":
            return bool(association.request.get("AssociationName") == value)
        case "InstanceId":
            return value in {association.request.get("InstanceId"), *association.latest}
        case "AssociationStatusName":
            return bool(association.overview()["Status"] == value)
        case "LastExecutedBefore":
            return association.last_execution is not None and association.last_execution < _moment(value)
        case "LastExecutedAfter":
            return association.last_execution is not None and association.last_execution > _moment(value)
    return False


def _execution_passes(execution: Execution, wanted: dict[str, Any]) -> bool:
    match wanted["Key"]:
        case "ExecutionId":
            return bool(execution.execution_id == wanted["Value"])
        case "Status":
            return bool(execution.status == wanted["Value"])
    moment = _moment(wanted["Value"])
    match wanted["Type"]:
        case "LESS_THAN":
            return execution.created < moment
        case "GREATER_THAN":
            return execution.created > moment
    return execution.created == moment


def _target_passes(target: Target, key: str, value: str) -> bool:
    shown = {"Status": target.status, "ResourceId": target.resource_id, "ResourceType": target.resource_type}
    return shown.get(key) == value


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise validation_error(f"{text[:64]} is not a time such as 2026-07-07T00:00:00Z.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
