"""What has gone from a stack, and how: the deletion of resources, and what a deployment needs to undo itself."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.core.exceptions import ServiceException

from rehearsal.cloud.cloudformation.errors import ResourceFailed
from rehearsal.cloud.cloudformation.functions import Resolver
from rehearsal.cloud.cloudformation.graph import reverse, run_in_order
from rehearsal.cloud.cloudformation.resource_type import Context
from rehearsal.cloud.cloudformation.stack import Resource, Stack, now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rehearsal.cloud.cloudformation.resource_type import ResourceType
    from rehearsal.cloud.cloudformation.template import Template

    Clients = Callable[[str], Any]

log = logging.getLogger(__name__)

RETAINED = ("Retain", "RetainExceptOnCreate")


@dataclass(frozen=True)
class Target:
    """What a stack is to become."""

    template: Template
    parameters: Mapping[str, str]
    values: Mapping[str, Any]
    tags: Mapping[str, str]


@dataclass
class Undo:
    """What a deployment did to one resource, so that it can be undone."""

    new: Resource
    old: Resource | None = None
    updated_in_place: bool = False


@dataclass
class Removal:
    """Deletes what a stack has, all of it or one by one. Runs in a thread of its own; `delete` never raises."""

    stack: Stack
    types: Mapping[str, ResourceType]
    clients: Clients
    exports: Mapping[str, Any] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    abandoned: bool = False
    """Set with `stop`: the stack is deleted instead, so a creation ends without rolling back."""
    _undo: list[Undo] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def delete(self, retain: frozenset[str] = frozenset()) -> None:
        """Delete every resource that is not to be retained."""
        self._remove_all("DELETE", creating=False, retain=retain)

    def _resolver(self, target: Target) -> Resolver:
        return Resolver(target.template, target.values, self.stack.resources, self.exports)

    def _context(self, name: str, target: Target) -> Context:
        stack = self.stack
        return Context(
            stack.account_id, stack.region, stack.name, stack.stack_id, name, self.clients, self.stop, target.tags
        )

    def _remove_all(self, status: str, *, creating: bool, retain: frozenset[str] = frozenset()) -> None:
        """Delete all resources in the reverse of their order, and end in `<status>_COMPLETE` or `<status>_FAILED`."""
        self.stop = threading.Event()
        stack = self.stack
        target = Target(stack.template, stack.parameters, stack.values, stack.tags)
        resources = dict(stack.resources)
        resources.update({undo.new.logical_id: undo.new for undo in self._undo})

        def remove(name: str) -> None:
            policy = "Retain" if name in retain else resources[name].deletion_policy
            if creating and policy == "RetainExceptOnCreate":
                policy = "Delete"
            self._delete_one(resources[name], target, policy)
            stack.resources.pop(name, None)

        failures = run_in_order(reverse({name: resource.depends_on for name, resource in resources.items()}), remove)
        if failures:
            stack.set_status(f"{status}_FAILED", f"The following resource(s) failed to delete: [{names_of(failures)}].")
            return
        if status == "DELETE":
            stack.deleted = now()
        stack.outputs = []
        stack.set_status(f"{status}_COMPLETE")

    def _delete_one(self, resource: Resource, target: Target, policy: str) -> None:
        if resource.made is None:
            return
        if policy in RETAINED:
            self.stack.set_resource(resource, "DELETE_SKIPPED")
            return
        kind = self.types[resource.type_name]
        context = self._context(resource.logical_id, target)
        self.stack.set_resource(resource, "DELETE_IN_PROGRESS")
        try:
            if policy == "Snapshot":
                kind.snapshot(context, resource.made)
            kind.delete(context, resource.made, resource.properties)
        except Exception as error:
            if not _is_missing(error):
                self.stack.set_resource(resource, "DELETE_FAILED", reason_of(error))
                raise
        self.stack.set_resource(resource, "DELETE_COMPLETE")


def names_of(failures: Mapping[str, Exception]) -> str:
    return ", ".join(sorted(failures))


def _is_missing(error: Exception) -> bool:
    """Tell whether a deletion failed because there is nothing left to delete."""
    if not isinstance(error, ClientError):
        return False
    code = str(error.response.get("Error", {}).get("Code", ""))
    return any(mark in code for mark in ("NotFound", "NoSuch", "InvalidDocument", "NonExistent", "DoesNotExist"))


def reason_of(error: Exception) -> str:
    if isinstance(error, ResourceFailed):
        return str(error)
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return f"{details.get('Message', error)} (Operation: {error.operation_name}, Code: {details.get('Code')})"
    if isinstance(error, ServiceException):
        return str(error.message)
    log.error("a resource failed", exc_info=error)
    return f"Internal failure: {type(error).__name__}: {error}"
