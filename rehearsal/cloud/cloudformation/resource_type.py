"""What a CloudFormation resource type has to be able to do, and what it is given to do it."""

from __future__ import annotations

import secrets
import string
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from rehearsal.cloud.cloudformation.errors import OperationCancelled, ResourceFailed
from rehearsal.cloud.cloudformation.schema import type_schema

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

Properties = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A resource that exists: its physical ID, what GetAtt yields, and what Ref yields if not the ID."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    ref: str | None = None


@dataclass(frozen=True)
class Context:
    """On whose behalf a resource is handled, and how to reach AWS: with the permissions of whoever deploys."""

    account_id: str
    region: str
    stack_name: str
    stack_id: str
    logical_id: str
    connect: Callable[[str], Any]
    stop: threading.Event
    stack_tags: Mapping[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return a boto3 client with the deployment's credentials."""
        return self.connect(service)

    def tags(self, properties: Mapping[str, Any], *, system: bool = True) -> list[dict[str, str]]:
        """Return the resource's tags: its own, the stack's, and those that CloudFormation sets itself.

        S3 refuses the last ones from everybody; `system=False` leaves them out.
        """
        own = properties.get("Tags") or []
        merged = dict(self.stack_tags)
        merged.update(own if isinstance(own, dict) else {tag["Key"]: tag["Value"] for tag in own})
        merged.update(self.system_tags if system else {})
        return [{"Key": key, "Value": str(value)} for key, value in merged.items()]

    def retag(
        self,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        *,
        tag: Callable[[list[dict[str, str]]], Any],
        untag: Callable[[list[str]], Any],
    ) -> None:
        """Change a resource's tags where some changed, with the service's two operations.

        Where no property changed, tags of the stack did. What did not change must not need the right to be changed.
        """
        if dropped := sorted(_tag_keys(old) - _tag_keys(new)):
            untag(dropped)
        if old.get("Tags") != new.get("Tags") or dict(old) == dict(new):
            tag(self.tags(new))

    @property
    def system_tags(self) -> dict[str, str]:
        """Return the tags that CloudFormation sets on resources."""
        return {
            "aws:cloudformation:stack-name": self.stack_name,
            "aws:cloudformation:stack-id": self.stack_id,
            "aws:cloudformation:logical-id": self.logical_id,
        }

    def name(self, limit: int = 128, *, lower: bool = False) -> str:
        """Generate a physical name: `<stack>-<logical ID>-<random>`, cut where the service's limit asks for it."""
        suffix = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(12))
        stem = f"{self.stack_name}-{self.logical_id}"[: limit - len(suffix) - 1]
        made = f"{stem}-{suffix}"
        return made.lower() if lower else made

    def pause(self, seconds: float) -> None:
        """Sleep between two looks at something; raises OperationCancelled as soon as the operation ends early."""
        if self.stop.wait(seconds):
            raise OperationCancelled("creation")

    def wait_until(self, ready: Callable[[], bool], timeout_seconds: float, what: str, every: float = 0.3) -> None:
        """Look until `ready()`; raises ResourceFailed naming `what` after the timeout."""
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            if time.monotonic() > deadline:
                raise ResourceFailed(f"{what} did not stabilize within {timeout_seconds:.0f} seconds.")
            self.pause(every)


def as_map(tags: list[dict[str, str]]) -> dict[str, str]:
    """Return tags as the services take them that have no lists of keys and values."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def _tag_keys(properties: Mapping[str, Any]) -> set[str]:
    tags = properties.get("Tags") or []
    return set(tags) if isinstance(tags, dict) else {tag["Key"] for tag in tags}


class ResourceType(ABC):
    """One CloudFormation resource type. Implementations are stateless; errors of AWS calls are passed through."""

    type_name: ClassVar[str]
    in_place: ClassVar[frozenset[str]] = frozenset()
    """Properties that `update` can change; a change of any other one that the registry lets change fails loudly."""
    supported: ClassVar[frozenset[str] | None] = None
    """Properties that are honoured; None means all of the registry's."""

    @abstractmethod
    def create(self, context: Context, properties: Properties) -> Made:
        """Create the resource; what takes its time is waited for in `stabilize`."""

    def stabilize(self, context: Context, made: Made, properties: Properties) -> Made:  # noqa: ARG002 - for overrides
        """Wait until what `create` or `update` began is done; fail to have the resource deleted or changed back."""
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change the properties of `in_place`, and return what Ref and GetAtt yield afterwards."""
        raise NotImplementedError

    @abstractmethod
    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """Delete the resource and return once it is gone."""

    def replaces(self, changed: frozenset[str], old: Properties, new: Properties) -> bool:  # noqa: ARG002 - for overrides
        """Tell whether a change of these properties needs a new resource."""
        return bool(changed & type_schema(self.type_name).create_only)

    def custom_name(self, properties: Properties) -> str | None:
        """Return the name that the template gives the resource, which is why there cannot be two of it."""
        schema = type_schema(self.type_name)
        given = [properties[name] for name in schema.identifier if name in schema.create_only and name in properties]
        return "|".join(map(str, given)) if given and len(given) == len(schema.identifier) else None

    def snapshot(self, context: Context, made: Made) -> None:  # noqa: ARG002 - for overrides
        """Keep a copy before the resource is deleted, where its type has snapshots."""
        raise ResourceFailed(f"The DeletionPolicy Snapshot is not supported for {self.type_name}.")

    def conform(self, logical_id: str, properties: Properties) -> Properties:
        """Check and convert properties by the registry's schema; refuse what this endpoint would ignore."""
        conformed = type_schema(self.type_name).conform(logical_id, properties)
        if self.supported is not None and (ignored := sorted(set(conformed) - self.supported - {"Tags"})):
            text = f"{self.type_name}: this endpoint does not honour {', '.join(ignored)}"
            raise ResourceFailed(f"Properties validation failed for resource {logical_id} with message:\n{text}")
        return conformed
