"""Change sets: what a deployment would do, kept until it is executed."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import AlreadyExistsException, CloudFormationError, ValidationError

from rehearsal.cloud.cloudformation.changes import planned_changes
from rehearsal.cloud.cloudformation.planning import plan
from rehearsal.cloud.cloudformation.registry import resource_types
from rehearsal.cloud.cloudformation.removal import Target
from rehearsal.cloud.cloudformation.stack import ChangeSet, Stack, now

if TYPE_CHECKING:
    from collections.abc import Callable

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class InvalidChangeSetStatusError(CloudFormationError):
    """The change set cannot be executed (any more)."""

    code = "InvalidChangeSetStatus"


class ChangeSets:
    """The part of the backend that is about change sets; what it uses of the rest is declared below."""

    stacks: Any
    deleted_stacks: Any
    partition: str
    region_name: str
    account_id: str
    find: Callable[..., Stack]
    clients: Callable[[str, str | None], Callable[[str], Any]]
    _updatable: Callable[[str], Stack]
    _check_free: Callable[[str], None]
    _new_stack: Callable[[str], Stack]
    _begin_create: Callable[[Stack, Target, Callable[[str], Any], str], None]
    _begin_update: Callable[..., None]

    def create_change_set(
        self,
        stack_name: str,
        change_set_name: str,
        template: str,
        parameters: dict[str, str],
        *,
        kind: str,
        tags: dict[str, str] | None = None,
        capabilities: list[str] | None = None,
        role_arn: str | None = None,
        description: str | None = None,
        access_key: str = "",
    ) -> tuple[ChangeSet, Stack]:
        """Compute what would change, and keep it until it is executed."""
        stack = self._stack_for_change_set(stack_name, kind)
        if any(change_set.name == change_set_name for change_set in stack.change_sets.values()):
            raise AlreadyExistsException(f"ChangeSet {change_set_name} already exists")
        wanted_tags = stack.tags if tags is None else tags
        clients = self.clients(access_key, role_arn or stack.role_arn)
        target = plan(stack, template, parameters, tags=wanted_tags, capabilities=capabilities or [], clients=clients)
        changes = planned_changes(stack, target, resource_types())
        change_set = ChangeSet(
            change_set_id=f"arn:{self.partition}:cloudformation:{self.region_name}:{self.account_id}"
            f":changeSet/{change_set_name}/{uuid.uuid4()}",
            name=change_set_name,
            kind=kind,
            template=target.template,
            parameters=dict(target.parameters),
            values=dict(target.values),
            tags=dict(wanted_tags),
            capabilities=capabilities or [],
            role_arn=role_arn,
            description=description,
            changes=changes,
        )
        if kind == "UPDATE" and not changes and not outputs_differ(stack, target):
            change_set.status, change_set.execution_status = "FAILED", "UNAVAILABLE"
            change_set.reason = NO_CHANGES
        if stack.stack_id not in self.stacks:
            self.stacks[stack.stack_id] = stack
            stack.set_status("REVIEW_IN_PROGRESS", "User Initiated")
        stack.change_sets[change_set.change_set_id] = change_set
        return change_set, stack

    def _stack_for_change_set(self, stack_name: str, kind: str) -> Stack:
        if kind == "UPDATE":
            return self._updatable(stack_name)
        if kind != "CREATE":
            raise ValidationError(message=f"Change sets of type {kind} are not part of this endpoint.")
        try:
            stack = self.find(stack_name, deleted=False)
        except ValidationError:
            self._check_free(stack_name)
            return self._new_stack(stack_name)
        if stack.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(
                message=f"Stack [{stack.name}] already exists and cannot be created again with the"
                f" changeSet [{stack_name}]."
            )
        return stack

    def find_change_set(self, name_or_id: str, stack_name: str | None) -> tuple[ChangeSet, Stack]:
        """Return a change set by its ID, or by its name and its stack's."""
        for stack in [*self.stacks.values(), *self.deleted_stacks.values()]:
            for change_set in stack.change_sets.values():
                of_stack = stack_name in (stack.name, stack.stack_id)
                if name_or_id == change_set.change_set_id or (name_or_id == change_set.name and of_stack):
                    return change_set, stack
        error = CloudFormationError(f"ChangeSet [{name_or_id}] does not exist")
        error.code = "ChangeSetNotFoundException"
        raise error

    def execute_change_set(
        self,
        change_set_name: str,
        stack_name: str | None = None,
        *,
        disable_rollback: bool = False,
        access_key: str = "",
    ) -> None:
        """Begin what a change set describes; returns at once."""
        change_set, stack = self.find_change_set(change_set_name, stack_name)
        if change_set.execution_status != "AVAILABLE":
            raise InvalidChangeSetStatusError(
                f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status"
                f" of [{change_set.status}]"
            )
        if stack.busy:
            raise ValidationError(message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
        change_set.execution_status = "EXECUTE_COMPLETE"
        target = Target(change_set.template, change_set.parameters, change_set.values, change_set.tags)
        stack.role_arn, stack.capabilities = change_set.role_arn or stack.role_arn, change_set.capabilities
        clients = self.clients(access_key, stack.role_arn)
        if change_set.kind == "CREATE":
            stack.created = now()
            self._begin_create(stack, target, clients, "DO_NOTHING" if disable_rollback else "ROLLBACK")
        else:
            self._begin_update(stack, target, clients, disable_rollback=disable_rollback)
        stack.change_sets.clear()
        stack.change_sets[change_set.change_set_id] = change_set

    def remove_change_set(self, name_or_id: str, stack_name: str | None) -> None:
        """Delete a change set; a stack that only waited for it stays in REVIEW_IN_PROGRESS, as in AWS."""
        change_set, stack = self.find_change_set(name_or_id, stack_name)
        del stack.change_sets[change_set.change_set_id]


def outputs_differ(stack: Stack, target: Target) -> bool:
    """Tell whether a deployment changes what is not a resource: outputs or tags."""
    return dict(stack.template.outputs) != dict(target.template.outputs) or dict(stack.tags) != dict(target.tags)
