"""State Manager: associations that apply documents to nodes at once, to nodes that come later, and on a schedule.

In AWS an agent asks for its associations and applies them itself; here the service sends them as commands, which
shows the same in the API (`OutputSource` names the command). Sources: API reference of CreateAssociation and
UpdateAssociation; User Guide, "State Manager".
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.schedules import Rate, ScheduleError, parse_schedule
from rehearsal.cloud.ssm import parameters, targets
from rehearsal.cloud.ssm.association_records import Association
from rehearsal.cloud.ssm.association_runs import AssociationRuns
from rehearsal.cloud.ssm.exceptions import SsmError, validation_error

if TYPE_CHECKING:
    from rehearsal.cloud.ssm.association_records import Execution
    from rehearsal.cloud.ssm.models import SsmBackend

MAX_ASSOCIATIONS = 2_000
MAX_VERSIONS = 1_000
SHORTEST_RATE = timedelta(minutes=30)

log = logging.getLogger(__name__)


class AssociationService:
    """The associations of one account and Region. Its methods are safe from any thread."""

    def __init__(self, backend: SsmBackend) -> None:
        self._backend = backend
        self._associations: dict[str, Association] = {}
        self._runs = AssociationRuns(backend)
        backend.nodes.on_online(self._node_came_online)

    def create(self, request: dict[str, Any], creator: str) -> Association:
        """CreateAssociation; applies it to the nodes that match now, unless it waits for its schedule."""
        request = self._checked(request)
        with self._backend.lock:
            if len(self._associations) >= MAX_ASSOCIATIONS:
                raise SsmError("AssociationLimitExceeded", f"An account may have {MAX_ASSOCIATIONS} associations.")
            if request.get("InstanceId"):
                for existing in self._associations.values():
                    same = existing.request["Name"] == request["Name"]
                    if same and existing.request.get("InstanceId") == request["InstanceId"]:
                        raise SsmError("AssociationAlreadyExists", "The specified association already exists.")
            association = Association([request], creator)
            self._associations[association.association_id] = association
        self._plan(association)
        if not request.get("ApplyOnlyAtCronInterval"):
            self._apply(association)
        return association

    def update(self, request: dict[str, Any]) -> Association:
        """UpdateAssociation: a new version, applied at once. Options that are not given again are dropped, as in AWS.

        Document and targets stay when they are not given, because an association cannot be without them.
        """
        association = self.find(request["AssociationId"])
        wanted = request.get("AssociationVersion")
        if wanted not in {None, "$LATEST", association.version}:
            raise SsmError("InvalidAssociationVersion", "The version you specified isn't the latest one.")
        if len(association.versions) >= MAX_VERSIONS:
            raise SsmError("AssociationVersionLimitExceeded", f"An association has at most {MAX_VERSIONS} versions.")
        changed = {key: value for key, value in request.items() if key not in {"AssociationId", "AssociationVersion"}}
        for kept in ("Name", "Targets", "InstanceId"):
            if kept not in changed and kept in association.request:
                changed[kept] = association.request[kept]
        changed = self._checked(changed)
        with self._backend.lock:
            association.versions.append(changed)
            association.version_dates.append(datetime.now(UTC))
            association.latest.clear()
        self._plan(association)
        if not changed.get("ApplyOnlyAtCronInterval"):
            self._apply(association)
        return association

    def delete(self, association_id: str) -> None:
        """DeleteAssociation; what runs goes on."""
        self.find(association_id)
        self._associations.pop(association_id, None)

    def find(self, association_id: str) -> Association:
        """Return an association. Raises AssociationDoesNotExist."""
        found = self._associations.get(association_id)
        if found is None:
            raise SsmError("AssociationDoesNotExist", f"Association {association_id} does not exist.")
        return found

    def find_by(self, request: dict[str, Any]) -> Association:
        """Return the association that a request names by its ID, or by document and instance."""
        if association_id := request.get("AssociationId"):
            return self.find(association_id)
        name, instance_id = request.get("Name"), request.get("InstanceId")
        for association in self.all():
            if association.request["Name"] == name and association.request.get("InstanceId") == instance_id:
                return association
        raise SsmError("AssociationDoesNotExist", "The specified association doesn't exist.")

    def all(self) -> list[Association]:
        """Return all associations, the oldest first."""
        return list(self._associations.values())

    def start_once(self, association_ids: list[str]) -> None:
        """StartAssociationsOnce: apply them now, schedule or not."""
        for association in [self.find(association_id) for association_id in association_ids]:
            self._apply(association)

    def execution(self, association: Association, execution_id: str) -> Execution:
        """Return one execution. Raises AssociationExecutionDoesNotExist."""
        for execution in association.executions:
            if execution.execution_id == execution_id:
                return execution
        raise SsmError("AssociationExecutionDoesNotExist", f"Execution {execution_id} does not exist.")

    def names_document(self, name: str) -> bool:
        """Whether an association applies this document."""
        return any(association.request["Name"] == name for association in self.all())

    def sweep(self) -> None:
        """Apply what is due and look after what runs. Called regularly."""
        now = datetime.now(UTC)
        for association in self.all():
            if association.next_run and association.next_run <= now:
                self._plan(association)
                self._apply(association)
        self._runs.sweep()

    def _apply(self, association: Association, only: list[str] | None = None) -> None:
        try:
            self._runs.apply(association, only)
        except SsmError as error:
            log.warning("association %s could not be applied: %s", association.association_id, error)

    def _node_came_online(self, instance_id: str) -> None:
        for association in self.all():
            if not association.request.get("ApplyOnlyAtCronInterval") and self._runs.owes(association, instance_id):
                self._apply(association, [instance_id])

    def _plan(self, association: Association) -> None:
        """Set when the schedule comes next; a rate counts from now."""
        expression = association.request.get("ScheduleExpression")
        now = datetime.now(UTC)
        after = parse_schedule(expression).after(now) if expression else None
        offset = association.request.get("ScheduleOffset")
        association.next_run = after + timedelta(days=offset) if after and offset else after

    def _checked(self, request: dict[str, Any]) -> dict[str, Any]:
        """Check the input of CreateAssociation as the service does before it takes it."""
        document = self._backend.documents.resolve(request["Name"], request.get("DocumentVersion"))
        if document.document_type not in {"Command", "Policy", "Automation"}:
            raise SsmError(
                "InvalidDocument", f"State Manager does not apply documents of type {document.document_type}."
            )
        _check_target_maps(request, document.document_type)
        if wanted := request.get("Targets"):
            self._check_targets(wanted, document.document_type)
        if instance_id := request.get("InstanceId"):
            nodes, machines = self._backend.nodes, self._backend.machines
            targets.named([instance_id], nodes, machines, self._backend.account_id)
        if document.document_type == "Automation":
            self._check_automation(request, document.parameters)
        else:
            if not request.get("Targets") and not request.get("InstanceId"):
                raise SsmError("InvalidTarget", "Targets or InstanceId are required for a Command document.")
            parameters.typed(document.parameters, request.get("Parameters") or {})
        if expression := request.get("ScheduleExpression"):
            _check_schedule(expression)
        elif request.get("ApplyOnlyAtCronInterval"):
            raise validation_error("ApplyOnlyAtCronInterval needs a ScheduleExpression.")
        bucket = ((request.get("OutputLocation") or {}).get("S3Location") or {}).get("OutputS3BucketName")
        if bucket and bucket not in self._backend.door.backend("s3", "aws").buckets:
            raise SsmError("InvalidOutputLocation", f"The S3 bucket {bucket} doesn't exist.")
        return request

    def _check_targets(self, wanted: list[dict[str, Any]], document_type: str) -> None:
        if document_type == "Automation":
            return
        targets.check(wanted)

    def _check_automation(self, request: dict[str, Any], declared: dict[str, Any]) -> None:
        given, target_parameter = request.get("Parameters") or {}, request.get("AutomationTargetParameterName")
        if request.get("Targets") and not target_parameter:
            raise SsmError("InvalidParameters", "AutomationTargetParameterName is required for targets of a runbook.")
        unknown = [name for name in (*given, *([target_parameter] if target_parameter else [])) if name not in declared]
        if unknown:
            raise SsmError("InvalidParameters", f"Parameter {unknown[0]} is not defined in the document.")
        for name, definition in declared.items():
            if name not in given and name != target_parameter and "default" not in definition:
                raise SsmError("InvalidParameters", f"Missing value for required parameter {name}.")


def _check_target_maps(request: dict[str, Any], document_type: str) -> None:
    """Maps name a runbook's parameters, and are another way to say what Targets says."""
    if request.get("TargetMaps") and document_type != "Automation":
        raise SsmError("InvalidTargetMaps", "TargetMaps are for runbooks only.")
    if request.get("TargetMaps") and request.get("Targets"):
        raise SsmError("InvalidTargetMaps", "Specify Targets or TargetMaps, not both.")


def _check_schedule(expression: str) -> None:
    try:
        schedule = parse_schedule(expression)
    except ScheduleError as error:
        raise SsmError("InvalidSchedule", str(error)) from error
    if isinstance(schedule, Rate) and schedule.period < SHORTEST_RATE:
        raise SsmError("InvalidSchedule", "The shortest rate of an association is 30 minutes.")
