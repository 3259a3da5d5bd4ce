"""What is granted is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.permissions import Need, needs_of
from rehearsal.documents.roles import Grant, Role, roles_of
from rehearsal.documents.rule import Level, LibraryProblem, LibraryRule, Problem
from rehearsal.documents.runbook import Runbook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.library import Library


def check(library: Library) -> Iterator[LibraryProblem]:
    """Every action that a role grants is one that some runbook of the role may need."""
    for template in library.template_files:
        roles = roles_of(template.content)
        needs = {role.name: _needs(role, library) for role in roles}
        used = {grant.path for role in roles for grant in role.grants if _is_used(grant, needs[role.name])}
        unknown = {grant.path for role in roles if not _is_complete(role, library) for grant in role.grants}
        reported = set(used | unknown)
        for role in roles:
            for grant in role.grants:
                if grant.path not in reported:
                    reported.add(grant.path)
                    message = f"{grant.action} is granted to {role.name}, and none of its runbooks is seen to need it"
                    if _updates_stacks(needs[role.name]):
                        message += " (CloudFormation may, for the stacks that it changes: then ignore this, saying so)"
                    yield LibraryProblem(template, Problem(grant.path, message))


def _is_complete(role: Role, library: Library) -> bool:
    """Whether all runbooks of a role are at hand: of what is missing nobody knows the needs."""
    return all(name in library.by_name for name, _ in role.documents)


def _needs(role: Role, library: Library) -> list[Need]:
    found = (library.by_name.get(name) for name, _ in role.documents)
    return [need for document in found if document is not None for need in needs_of(Runbook(document))]


def _is_used(grant: Grant, needs: list[Need]) -> bool:
    return any(grant.covers(need.action, None) for need in needs)


def _updates_stacks(needs: list[Need]) -> bool:
    """Whether a runbook has CloudFormation act, which does so with the permissions of whoever asks it to."""
    return any(need.action in ("cloudformation:CreateStack", "cloudformation:UpdateStack") for need in needs)


RULE = LibraryRule(
    id="L011",
    level=Level.WARNING,
    summary="Every action that a role grants is used by a runbook of that role.",
    why="What nothing uses is only there for whoever gets hold of the role.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
    check=check,
)
