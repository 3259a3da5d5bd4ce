"""Applies associations: sends their commands, starts their runbooks, and follows both to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.automation import ApiError
from rehearsal.cloud.ssm import targets
from rehearsal.cloud.ssm.association_records import Execution, Target
from rehearsal.cloud.ssm.exceptions import SsmError

if TYPE_CHECKING:
    from rehearsal.cloud.ssm.association_records import Association
    from rehearsal.cloud.ssm.commands import Command
    from rehearsal.cloud.ssm.models import SsmBackend

UNREACHED = frozenset({"DeliveryTimedOut", "Undeliverable", "Terminated"})
"""A node that was not reached is owed another try when its agent is back."""

_AUTOMATION_ENDS = {
    "Success": "Success",
    "CompletedWithSuccess": "Success",
    "TimedOut": "TimedOut",
    "Cancelled": "Failed",
    "Failed": "Failed",
    "Rejected": "Failed",
    "CompletedWithFailure": "Failed",
    "Exited": "Failed",
}


class AssociationRuns:
    """What is being applied."""

    def __init__(self, backend: SsmBackend) -> None:
        self._backend = backend
        self._by_command: dict[str, Execution] = {}
        self._by_automation: dict[str, Execution] = {}
        backend.commands.on_change(self._command_changed)

    def apply(self, association: Association, only: list[str] | None = None) -> None:
        """Apply an association to its nodes, or to some of them."""
        document = self._backend.documents.resolve(
            association.request["Name"], association.request.get("DocumentVersion")
        )
        if document.document_type == "Automation":
            self._start_runbook(association)
            return
        matching = self._matching(association) if only is None else only
        if matching:
            self._send(association, matching)

    def owes(self, association: Association, instance_id: str) -> bool:
        """Whether a node that has come online is a target that the association has not reached yet."""
        if association.request.get("AutomationTargetParameterName") or instance_id not in self._matching(association):
            return False
        last = association.latest.get(instance_id)
        return last is None or last.detail in UNREACHED

    def sweep(self) -> None:
        """Look how far the runbooks are; commands tell by themselves."""
        for execution_id, execution in list(self._by_automation.items()):
            self._look_at_runbook(execution_id, execution)

    def _matching(self, association: Association) -> list[str]:
        if instance_id := association.request.get("InstanceId"):
            return [instance_id]
        wanted = association.request.get("Targets") or []
        return targets.matching(wanted, self._backend.nodes) if wanted else []

    def _send(self, association: Association, instance_ids: list[str]) -> None:
        request = association.request
        location = (request.get("OutputLocation") or {}).get("S3Location") or {}
        command_request = {
            "DocumentName": request["Name"],
            "DocumentVersion": request.get("DocumentVersion"),
            "Parameters": request.get("Parameters"),
            "Targets": request.get("Targets"),
            "MaxConcurrency": request.get("MaxConcurrency"),
            "MaxErrors": request.get("MaxErrors") or "100%",
            "OutputS3BucketName": location.get("OutputS3BucketName"),
            "OutputS3KeyPrefix": location.get("OutputS3KeyPrefix"),
            "OutputS3Region": location.get("OutputS3Region"),
            "Comment": f"Association {association.association_id}",
        }
        execution = Execution(association.version)
        for instance_id in instance_ids:
            execution.targets[instance_id] = Target(instance_id, "ManagedInstance", source_type="RunCommand")
        self._record(association, execution)
        with self._backend.lock:
            try:
                given = {key: value for key, value in command_request.items() if value}
                command = self._backend.commands.send(given, to=instance_ids)
            except SsmError as error:
                for target in execution.targets.values():
                    target.enter("Failed", str(error.message))
                raise
            for target in execution.targets.values():
                target.source_id = command.command_id
            self._by_command[command.command_id] = execution
        self._command_changed(command)

    def _command_changed(self, command: Command) -> None:
        execution = self._by_command.get(command.command_id)
        if execution is None:
            return
        for instance_id, invocation in command.invocations.items():
            target = execution.targets[instance_id]
            if target.status != invocation.status:
                target.enter(str(invocation.status), str(invocation.details))
        if command.is_terminal:
            self._by_command.pop(command.command_id, None)

    def _start_runbook(self, association: Association) -> None:
        request = association.request
        names = (
            "Parameters",
            "DocumentVersion",
            "Targets",
            "TargetMaps",
            "MaxConcurrency",
            "MaxErrors",
            "TargetLocations",
        )
        started = {name: request[name] for name in names if request.get(name)} | {"DocumentName": request["Name"]}
        if parameter := request.get("AutomationTargetParameterName"):
            started["TargetParameterName"] = parameter
        execution = Execution(association.version)
        target = Target("*", "AutomationExecution", source_type="Automation")
        execution.targets[target.resource_id] = target
        self._record(association, execution)
        try:
            caller = self._backend.automation_caller(association.creator)
            target.source_id = self._backend.automation.start(started, caller)
        except ApiError as error:
            target.enter("Failed", error.message)
            return
        target.enter("InProgress")
        self._by_automation[target.source_id] = execution

    def _look_at_runbook(self, execution_id: str, execution: Execution) -> None:
        found: dict[str, Any] = self._backend.automation.find(execution_id)
        end = _AUTOMATION_ENDS.get(str(found["AutomationExecutionStatus"]))
        if end is None:
            return
        del self._by_automation[execution_id]
        for target in execution.targets.values():
            target.enter(end, str(found.get("FailureMessage") or end))

    def _record(self, association: Association, execution: Execution) -> None:
        with self._backend.lock:
            association.remember(execution)
            association.latest.update(execution.targets)
