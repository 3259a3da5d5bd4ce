"""The roles that a library's template gives its runbooks.

Which runbook runs as which role is said in the template's Metadata:
``Library: {Roles: {<logical id>: [<document>, …]}}``.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.documents.reading.intrinsics import without_intrinsics
from rehearsal.documents.runbook import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.documents.source import Path


@dataclass(frozen=True)
class Grant:
    """One action that a policy allows, with the resources as the template writes them, and its place there."""

    action: str
    resources: tuple[str, ...]
    path: Path

    def covers(self, action: str, document: str | None) -> bool:
        """Whether it allows an action, on a document of this name where one is given. Conditions are not judged."""
        if not _matches(self.action, action):
            return False
        return document is None or any(_matches_document(resource, document) for resource in self.resources)


@dataclass(frozen=True)
class Role:
    """A role, the runbooks that run as it, and what it may do."""

    name: str
    documents: tuple[tuple[str, Path], ...]
    grants: tuple[Grant, ...]


def roles_of(template: Mapping[str, Any]) -> list[Role]:
    """The roles that the template's Metadata names; empty for a template that says nothing of a library."""
    listed = mapping(mapping(mapping(template.get("Metadata")).get("Library")).get("Roles"))
    resources = mapping(template.get("Resources"))
    return [
        Role(name, tuple(_documents(name, documents)), tuple(_grants(name, resources)))
        for name, documents in listed.items()
    ]


def _documents(role: str, documents: Any) -> Iterator[tuple[str, Path]]:
    for index, document in enumerate(documents if isinstance(documents, list) else []):
        if isinstance(document, str):
            yield document, ("Metadata", "Library", "Roles", role, index)


def _grants(role: str, resources: Mapping[str, Any]) -> Iterator[Grant]:
    own = mapping(mapping(resources.get(role)).get("Properties")).get("Policies")
    for index, policy in enumerate(own if isinstance(own, list) else []):
        path: Path = ("Resources", role, "Properties", "Policies", index, "PolicyDocument")
        yield from _statements(mapping(policy).get("PolicyDocument"), path)
    for logical_id, resource in resources.items():
        properties = mapping(mapping(resource).get("Properties"))
        if mapping(resource).get("Type") in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
            attached = properties.get("Roles", [properties.get("RoleName")])
            if any(_refers_to(item, role) for item in (attached if isinstance(attached, list) else [])):
                path = ("Resources", logical_id, "Properties", "PolicyDocument")
                yield from _statements(properties.get("PolicyDocument"), path)


def _refers_to(value: Any, role: str) -> bool:
    return isinstance(value, dict) and value.get("Ref") == role


def _statements(policy: Any, path: Path) -> Iterator[Grant]:
    statements = mapping(policy).get("Statement")
    if isinstance(statements, dict):
        yield from _statement(statements, (*path, "Statement"))
    for index, statement in enumerate(statements if isinstance(statements, list) else []):
        yield from _statement(mapping(statement), (*path, "Statement", index))


def _statement(statement: Mapping[str, Any], path: Path) -> Iterator[Grant]:
    if statement.get("Effect") != "Allow":
        return
    resources = tuple(str(item) for item in _listed(without_intrinsics(statement.get("Resource", "*"))))
    actions = statement.get("Action", [])
    for index, action in enumerate(_listed(actions)):
        if isinstance(action, str):
            where = (*path, "Action", index) if isinstance(actions, list) else (*path, "Action")
            yield Grant(action, resources, where)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _matches(pattern: str, action: str) -> bool:
    return fnmatch.fnmatchcase(action.lower(), pattern.lower().replace("[", "[[]"))


def _matches_document(resource: str, document: str) -> bool:
    """Whether a resource means a document: an ARN with unknown parts, of which what follows ``document/`` counts."""
    after = resource.partition(":document/")[2] or resource.partition(":automation-definition/")[2]
    name = after.partition(":")[0] or resource
    return not resource or fnmatch.fnmatchcase(document, name.replace("[", "[[]"))
