"""The CloudFormation backend: stacks and change sets of one account and Region, each operation in its own thread."""

from __future__ import annotations

import re
import threading
import uuid
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import CloudFormationBackend

from rehearsal.cloud.cloudformation.change_sets import ChangeSets, outputs_differ
from rehearsal.cloud.cloudformation.changes import planned_changes
from rehearsal.cloud.cloudformation.connector import Connector, default_connector
from rehearsal.cloud.cloudformation.deployment import Deployment
from rehearsal.cloud.cloudformation.planning import plan
from rehearsal.cloud.cloudformation.registry import resource_types
from rehearsal.cloud.cloudformation.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rehearsal.cloud.cloudformation.removal import Target
    from rehearsal.cloud.cloudformation.stack import Resource

STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
UPDATABLE = frozenset(f"{verb}_COMPLETE" for verb in ("CREATE", "UPDATE", "UPDATE_ROLLBACK", "IMPORT")) | {
    "UPDATE_FAILED"
}
INTERRUPTED = "The endpoint ended while the operation ran."


class StackBackend(ChangeSets, CloudFormationBackend):  # type: ignore[misc]  # moto's change sets have no caller
    """moto's backend with an engine that takes its time; stack sets remain moto's."""

    def __init__(self, region_name: str, account_id: str, connector: Connector | None = None) -> None:
        super().__init__(region_name, account_id)
        self.connector: Connector = connector or default_connector
        self.stacks: dict[str, Stack] = OrderedDict()  # type: ignore[assignment]  # ours in place of moto's
        self.deleted_stacks: dict[str, Stack] = {}  # type: ignore[assignment]  # the same
        self._running: dict[str, tuple[Deployment, threading.Thread]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("connector", "_running")}

    def mark_interrupted(self) -> None:
        """After a restart: what was in progress will not go on, so say so."""
        for stack in self.stacks.values():
            if stack.busy:
                verb = stack.status.removesuffix("_IN_PROGRESS").removesuffix("_COMPLETE_CLEANUP")
                for resource in stack.resources.values():
                    if resource.status.endswith("_IN_PROGRESS"):
                        stack.set_resource(resource, resource.status.replace("_IN_PROGRESS", "_FAILED"), INTERRUPTED)
                stack.set_status(f"{verb}_FAILED", INTERRUPTED)

    def find(self, name_or_id: str, *, deleted: bool = True) -> Stack:
        """Return a stack by name, or by ID when it may be deleted already; raises ValidationError."""
        for stack in self.stacks.values():
            if name_or_id in (stack.name, stack.stack_id):
                return stack
        if deleted and name_or_id in self.deleted_stacks:
            return self.deleted_stacks[name_or_id]
        raise ValidationError(message=f"Stack with id {name_or_id} does not exist")

    def exported(self) -> dict[str, tuple[str, Any]]:
        """Return every export by name: the exporting stack's ID and the value."""
        return {
            output["ExportName"]: (stack.stack_id, output["OutputValue"])
            for stack in self.stacks.values()
            for output in stack.outputs
            if "ExportName" in output
        }

    def clients(self, access_key: str, role_arn: str | None) -> Callable[[str], Any]:
        """Return how a deployment reaches AWS: as its caller, or as the role that the caller passed."""
        return self.connector(self.region_name, access_key, role_arn)

    def create_stack(  # type: ignore[override]  # moto's has no caller
        self,
        name: str,
        template: str,
        parameters: dict[str, str],
        *,
        tags: dict[str, str] | None = None,
        capabilities: list[str] | None = None,
        role_arn: str | None = None,
        on_failure: str = "ROLLBACK",
        access_key: str = "",
        notification_arns: list[str] | None = None,
        enable_termination_protection: bool | None = False,
        timeout_in_mins: int | None = None,
        stack_policy_body: str | None = None,
    ) -> Stack:
        """Begin to create a stack; returns at once."""
        self._check_free(name)
        stack = self._new_stack(name)
        clients = self.clients(access_key, role_arn)
        target = plan(stack, template, parameters, tags=tags or {}, capabilities=capabilities or [], clients=clients)
        stack.role_arn, stack.capabilities = role_arn, capabilities or []
        stack.notification_arns = notification_arns or []
        stack.termination_protection = bool(enable_termination_protection)
        stack.timeout_minutes, stack.policy = timeout_in_mins, stack_policy_body or ""
        self.stacks[stack.stack_id] = stack
        self._begin_create(stack, target, clients, on_failure)
        return stack

    def _check_free(self, name: str) -> None:
        if not STACK_NAME.fullmatch(name):
            raise ValidationError(
                message=f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint:"
                " Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
            )
        if any(stack.name == name for stack in self.stacks.values()):
            raise AlreadyExistsException(f"Stack [{name}] already exists")

    def _new_stack(self, name: str) -> Stack:
        stack_id = (
            f"arn:{self.partition}:cloudformation:{self.region_name}:{self.account_id}:stack/{name}/{uuid.uuid4()}"
        )
        return Stack(stack_id, name, self.account_id, self.region_name, "REVIEW_IN_PROGRESS")

    def _begin_create(self, stack: Stack, target: Target, clients: Callable[[str], Any], on_failure: str) -> None:
        stack.template, stack.parameters = target.template, dict(target.parameters)
        stack.values, stack.tags = dict(target.values), dict(target.tags)
        stack.disable_rollback = on_failure == "DO_NOTHING"
        stack.set_status("CREATE_IN_PROGRESS", "User Initiated")
        deployment = self._deployment(stack, clients)
        if stack.timeout_minutes:
            timer = threading.Timer(stack.timeout_minutes * 60, deployment.stop.set)
            timer.daemon = True
            timer.start()
        self._run(stack, deployment, lambda: deployment.create(target, on_failure))

    def _deployment(self, stack: Stack, clients: Callable[[str], Any]) -> Deployment:
        values = {name: value for name, (_, value) in self.exported().items()}
        return Deployment(stack, resource_types(), clients, values)

    def _run(self, stack: Stack, deployment: Deployment, operation: Callable[[], None]) -> None:
        before = self._running.get(stack.stack_id)

        def work() -> None:
            if before is not None:
                before[1].join()
            operation()
            if stack.status == "DELETE_COMPLETE":
                self.stacks.pop(stack.stack_id, None)
                self.deleted_stacks[stack.stack_id] = stack
            if self._running.get(stack.stack_id, (None,))[0] is deployment:
                del self._running[stack.stack_id]

        thread = threading.Thread(target=work, name=f"stack {stack.name}", daemon=True)
        self._running[stack.stack_id] = (deployment, thread)
        thread.start()

    def update_stack(  # type: ignore[override]  # moto's has no caller
        self,
        name: str,
        template: str,
        parameters: dict[str, str],
        *,
        tags: dict[str, str] | None = None,
        capabilities: list[str] | None = None,
        role_arn: str | None = None,
        disable_rollback: bool = False,
        access_key: str = "",
    ) -> Stack:
        """Begin to update a stack; returns at once. Raises ValidationError when nothing would change."""
        stack = self._updatable(name)
        clients = self.clients(access_key, role_arn or stack.role_arn)
        wanted_tags = stack.tags if tags is None else tags
        target = plan(stack, template, parameters, tags=wanted_tags, capabilities=capabilities or [], clients=clients)
        if not planned_changes(stack, target, resource_types()) and not outputs_differ(stack, target):
            raise ValidationError(message="No updates are to be performed.")
        stack.role_arn = role_arn or stack.role_arn
        self._begin_update(stack, target, clients, disable_rollback=disable_rollback)
        return stack

    def _updatable(self, name: str) -> Stack:
        stack = self.find(name, deleted=False)
        if stack.status not in UPDATABLE:
            raise ValidationError(message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
        return stack

    def _begin_update(
        self, stack: Stack, target: Target, clients: Callable[[str], Any], *, disable_rollback: bool
    ) -> None:
        stack.set_status("UPDATE_IN_PROGRESS", "User Initiated")
        deployment = self._deployment(stack, clients)
        self._run(stack, deployment, lambda: deployment.update(target, rollback=not disable_rollback))

    def delete_stack(self, name_or_stack_id: str, retain: frozenset[str] = frozenset(), access_key: str = "") -> None:
        """Begin to delete a stack; one that does not exist is deleted already."""
        try:
            stack = self.find(name_or_stack_id, deleted=False)
        except ValidationError:
            return
        if stack.termination_protection:
            raise ValidationError(
                message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        if stack.status == "DELETE_IN_PROGRESS":
            return
        if stack.busy and not self._abandon_creation(stack):
            raise ValidationError(message=f"Stack [{stack.stack_id}] cannot be deleted while in status {stack.status}")
        stack.set_status("DELETE_IN_PROGRESS", "User Initiated")
        deployment = self._deployment(stack, self.clients(access_key, stack.role_arn))
        self._run(stack, deployment, lambda: deployment.delete(retain))

    def _abandon_creation(self, stack: Stack) -> bool:
        """End a creation under way, since the stack is to be deleted; other operations have to end by themselves."""
        running = self._running.get(stack.stack_id)
        if running is None or stack.status != "CREATE_IN_PROGRESS":
            return False
        running[0].abandoned = True
        running[0].stop.set()
        return True

    def cancel_update(self, name: str) -> None:
        """End an update under way, which rolls it back."""
        stack = self.find(name, deleted=False)
        running = self._running.get(stack.stack_id)
        if running is None or stack.status != "UPDATE_IN_PROGRESS":
            raise ValidationError(
                message=f"CancelUpdateStack cannot be called from current stack status: {stack.status}"
            )
        running[0].stop.set()

    def resource(self, stack: Stack, logical_id: str) -> Resource:
        """Return one resource of a stack; raises ValidationError."""
        if logical_id not in stack.resources:
            raise ValidationError(message=f"Resource {logical_id} does not exist for stack {stack.name}")
        return stack.resources[logical_id]

    def all_stacks(self) -> Iterator[Stack]:
        """Yield every stack, deleted ones last."""
        yield from self.stacks.values()
        yield from self.deleted_stacks.values()
