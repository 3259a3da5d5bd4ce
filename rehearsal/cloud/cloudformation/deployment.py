"""Brings a stack to a template: creates, updates, replaces, removes, and undoes all of it when something fails."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.cloudformation.dynamic import with_secrets
from rehearsal.cloud.cloudformation.errors import OperationCancelled, ResourceFailed
from rehearsal.cloud.cloudformation.graph import dependencies, reverse, run_in_order
from rehearsal.cloud.cloudformation.removal import Removal, Target, Undo, names_of, reason_of
from rehearsal.cloud.cloudformation.stack import Resource, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.cloud.cloudformation.resource_type import ResourceType

    Clients = Callable[[str], Any]


class Deployment(Removal):
    """One create, update or delete of a stack. Runs in a thread of its own; never raises."""

    def create(self, target: Target, on_failure: str = "ROLLBACK") -> None:
        """Create everything; on failure do as `on_failure` says: ROLLBACK, DELETE or DO_NOTHING."""
        failures = self._apply(target)
        if self.abandoned:
            return
        if not failures:
            self._finish("CREATE_COMPLETE", target)
            return
        reason = f"The following resource(s) failed to create: [{names_of(failures)}]."
        if on_failure == "DO_NOTHING":
            self.stack.set_status("CREATE_FAILED", reason)
            return
        status = "ROLLBACK" if on_failure == "ROLLBACK" else "DELETE"
        self.stack.set_status(f"{status}_IN_PROGRESS", f"{reason} Rollback requested by user.")
        self._remove_all(status, creating=True)

    def update(self, target: Target, *, rollback: bool = True) -> None:
        """Bring the stack to `target`, or back to where it was."""
        before = Target(
            self.stack.template, dict(self.stack.parameters), dict(self.stack.values), dict(self.stack.tags)
        )
        failures = self._apply(target)
        if not failures:
            self.stack.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            self._clean_up(target)
            self._finish("UPDATE_COMPLETE", target)
            return
        reason = f"The following resource(s) failed to update: [{names_of(failures)}]."
        if not rollback:
            self.stack.set_status("UPDATE_FAILED", reason)
            return
        self.stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        if failed := self._take_back(before):
            self.stack.set_status("UPDATE_ROLLBACK_FAILED", f"The following resource(s) failed to update: [{failed}].")
        else:
            self._finish("UPDATE_ROLLBACK_COMPLETE", before)

    def _finish(self, status: str, target: Target) -> None:
        stack = self.stack
        stack.template, stack.parameters = target.template, dict(target.parameters)
        stack.values, stack.tags = dict(target.values), dict(target.tags)
        stack.outputs = self._outputs(target)
        stack.updated = now() if status != "CREATE_COMPLETE" else None
        stack.set_status(status)

    def _outputs(self, target: Target) -> list[dict[str, str]]:
        resolver = self._resolver(target)
        outputs = []
        for name, spec in target.template.outputs.items():
            if "Condition" in spec and not resolver.condition(spec["Condition"]):
                continue
            shown = {"OutputKey": name, "OutputValue": str(resolver.resolve(spec["Value"]))}
            if spec.get("Description"):
                shown["Description"] = spec["Description"]
            if spec.get("Export"):
                shown["ExportName"] = str(resolver.resolve(spec["Export"]["Name"]))
            outputs.append(shown)
        return outputs

    def _apply(self, target: Target) -> dict[str, Exception]:
        resolver = self._resolver(target)
        active = [
            name
            for name, spec in target.template.resources.items()
            if "Condition" not in spec or resolver.condition(spec["Condition"])
        ]
        graph = dependencies(target.template, active)
        return run_in_order(graph, lambda name: self._bring(name, target, graph[name]), self.stop)

    def _bring(self, name: str, target: Target, needs: frozenset[str]) -> None:
        """Create, update, replace or keep one resource."""
        spec = target.template.resources[name]
        existing = self.stack.resources.get(name)
        if existing is not None and existing.made is None:  # an earlier operation failed to make it
            existing = None
            with self._lock:
                del self.stack.resources[name]
        wanted = Resource(
            logical_id=name,
            type_name=spec["Type"],
            status="",
            depends_on=needs,
            deletion_policy=spec.get("DeletionPolicy", "Delete"),
            replace_policy=spec.get("UpdateReplacePolicy", "Delete"),
            condition=spec.get("Condition"),
        )
        kind = self.types[wanted.type_name]
        verb = "CREATE" if existing is None else "UPDATE"
        shown = existing or wanted
        try:
            wanted.properties = kind.conform(name, self._resolver(target).resolve(dict(spec.get("Properties") or {})))
            if existing is None:
                self._create(wanted, kind, target, verb)
            else:
                shown = self._change(existing, wanted, kind, target)
        except Exception as error:
            with self._lock:
                self.stack.resources.setdefault(name, wanted)
            self.stack.set_resource(shown, f"{verb}_FAILED", reason_of(error))
            raise

    def _create(
        self, resource: Resource, kind: ResourceType, target: Target, verb: str, old: Resource | None = None
    ) -> None:
        stack, context = self.stack, self._context(resource.logical_id, target)
        if self.stop.is_set():
            raise OperationCancelled("creation")
        with self._lock:
            stack.resources.setdefault(resource.logical_id, resource)
        stack.set_resource(
            resource,
            f"{verb}_IN_PROGRESS",
            ""
            if old is None
            else "Requested update requires the creation of a new physical resource; hence creating one.",
        )
        properties = with_secrets(resource.properties, self.clients)
        resource.made = kind.create(context, properties)
        with self._lock:
            self._undo.append(Undo(resource, old))
        stack.set_resource(resource, f"{verb}_IN_PROGRESS", "Resource creation Initiated")
        resource.made = kind.stabilize(context, resource.made, properties)
        with self._lock:
            stack.resources[resource.logical_id] = resource
        stack.set_resource(resource, f"{verb}_COMPLETE")

    def _change(self, existing: Resource, wanted: Resource, kind: ResourceType, target: Target) -> Resource:
        if existing.type_name != wanted.type_name:
            raise ResourceFailed("Update of resource type is not permitted.")
        old, new = existing.properties, wanted.properties
        changed = frozenset(key for key in {*old, *new} if old.get(key) != new.get(key))
        if not changed:
            self._adopt(existing, wanted)
            return existing
        if kind.replaces(changed, old, new):
            _refuse_custom_name(existing, wanted, kind)
            self._create(wanted, kind, target, "UPDATE", existing)
            return wanted
        if impossible := sorted(changed - kind.in_place):
            raise ResourceFailed(
                f"This endpoint cannot update {', '.join(impossible)} of {existing.type_name} in place."
            )
        if existing.made is None:
            raise ResourceFailed("The resource was never made.")
        self.stack.set_resource(existing, "UPDATE_IN_PROGRESS")
        self._undo.append(Undo(wanted, _copy(existing), updated_in_place=True))
        context = self._context(existing.logical_id, target)
        existing.made = kind.update(
            context, existing.made, with_secrets(old, self.clients), with_secrets(new, self.clients)
        )
        existing.made = kind.stabilize(context, existing.made, with_secrets(new, self.clients))
        self._adopt(existing, wanted)
        self.stack.set_resource(existing, "UPDATE_COMPLETE")
        return existing

    def _adopt(self, existing: Resource, wanted: Resource) -> None:
        existing.properties, existing.depends_on = wanted.properties, wanted.depends_on
        existing.deletion_policy, existing.replace_policy = wanted.deletion_policy, wanted.replace_policy
        existing.condition = wanted.condition

    def _clean_up(self, target: Target) -> None:
        """Delete what the update replaced or the template no longer has; a failure leaves it behind, as in AWS."""
        for undo in self._undo:
            if undo.old is not None and not undo.updated_in_place:
                self._delete_one(undo.old, target, undo.old.replace_policy)
        resolver = self._resolver(target)
        gone = {
            name: resource
            for name, resource in self.stack.resources.items()
            if name not in target.template.resources
            or (
                "Condition" in target.template.resources[name]
                and not resolver.condition(target.template.resources[name]["Condition"])
            )
        }
        graph = {name: resource.depends_on for name, resource in gone.items()}
        run_in_order(reverse(graph), lambda name: self._delete_one(gone[name], target, gone[name].deletion_policy))
        for name in gone:
            self.stack.resources.pop(name, None)

    def _take_back(self, before: Target) -> str:
        """Undo what the deployment did, latest first; return the names of what could not be undone."""
        self.stop = threading.Event()
        failed = []
        for undo in reversed(self._undo):
            try:
                self._take_back_one(undo, before)
            except Exception as error:  # noqa: BLE001 - reported as the resource's failure
                failed.append(undo.new.logical_id)
                self.stack.set_resource(undo.new, "UPDATE_FAILED", reason_of(error))
        for name, resource in list(self.stack.resources.items()):
            if resource.made is None:
                del self.stack.resources[name]
            elif resource.status == "UPDATE_FAILED" and name not in failed:
                self.stack.set_resource(resource, "UPDATE_COMPLETE")
        return ", ".join(failed)

    def _take_back_one(self, undo: Undo, before: Target) -> None:
        name, kind, old = undo.new.logical_id, self.types[undo.new.type_name], undo.old
        if undo.updated_in_place and old is not None and old.made is not None:
            current = self.stack.resources[name]
            made = current.made or old.made
            self.stack.set_resource(current, "UPDATE_IN_PROGRESS")
            old_properties = with_secrets(old.properties, self.clients)
            new_properties = with_secrets(undo.new.properties, self.clients)
            context = self._context(name, before)
            old.made = kind.stabilize(
                context, kind.update(context, made, new_properties, old_properties), old_properties
            )
            self.stack.resources[name] = old
            self.stack.set_resource(old, "UPDATE_COMPLETE")
            return
        if old is not None:
            self.stack.resources[name] = old
            self.stack.set_resource(old, "UPDATE_COMPLETE")
        else:
            self.stack.resources.pop(name, None)
        self._delete_one(undo.new, before, "Delete")


def _copy(resource: Resource) -> Resource:
    return Resource(**{name: getattr(resource, name) for name in Resource.__dataclass_fields__})


def _refuse_custom_name(existing: Resource, wanted: Resource, kind: ResourceType) -> None:
    """Refuse a replacement that would need the same name twice, as the service does."""
    name = kind.custom_name(wanted.properties)
    if name is not None and name == kind.custom_name(existing.properties):
        raise ResourceFailed(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing."
            f" Rename {name} and update the stack again."
        )
