"""What runbooks call is granted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.model import Document, DocumentKind
from rehearsal.documents.permissions import Need, needs_of
from rehearsal.documents.roles import Role, roles_of
from rehearsal.documents.rule import Level, LibraryProblem, LibraryRule, Problem
from rehearsal.documents.runbook import Runbook
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.library import Library


def check(library: Library) -> Iterator[LibraryProblem]:
    """Every runbook that the template lists exists and may do what its steps do; every runbook is listed."""
    listed: set[str] = set()
    told = False
    for template in library.template_files:
        for role in roles_of(template.content):
            told = True
            for name, path in role.documents:
                listed.add(name)
                document = library.by_name.get(name)
                if document is not None:
                    yield from _missing(document, role)
                elif library.documents:
                    message = f'there is no document "{name}"{did_you_mean(name, library.by_name)}'
                    yield LibraryProblem(template, Problem(path, message))
    for document in library.documents if told else ():
        if (
            document.kind is DocumentKind.AUTOMATION
            and document.name not in listed
            and document.content.get("assumeRole")
        ):
            message = f'no role in the template lists "{document.name}" (Metadata.Library.Roles)'
            yield LibraryProblem(document, Problem(("assumeRole",), message, Level.WARNING))


def _missing(document: Document, role: Role) -> Iterator[LibraryProblem]:
    told: set[tuple[str, str | None]] = set()
    for need in needs_of(Runbook(document)):
        if not need.certain or (need.action, need.document) in told:
            continue
        if not any(grant.covers(need.action, need.document) for grant in role.grants):
            told.add((need.action, need.document))
            yield LibraryProblem(document, Problem(need.path, _message(need, role), at=need.at))


def _message(need: Need, role: Role) -> str:
    on = f' on the document "{need.document}"' if need.document else ""
    return f'"{need.step}" needs {need.action}{on}, which {role.name} does not grant'


RULE = LibraryRule(
    id="L010",
    level=Level.ERROR,
    summary="Everything that a runbook calls is granted by the role that it runs as.",
    why="A missing permission stops the run at the step that needs it, after the steps before it have acted.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-setup.html",
    check=check,
)
