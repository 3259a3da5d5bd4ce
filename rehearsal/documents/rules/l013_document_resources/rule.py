"""Documents in templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rehearsal.documents.model import RESERVED_PREFIXES
from rehearsal.documents.rule import Level, LibraryProblem, LibraryRule, Problem
from rehearsal.documents.runbook import mapping
from rehearsal.documents.templates import DOCUMENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.library import Library
    from rehearsal.documents.model import Document

_NAME = re.compile(r"[a-zA-Z0-9_\-.]{3,128}\Z")


def check(library: Library) -> Iterator[LibraryProblem]:
    """Names that may be given, types that fit the content, and updates that make versions."""
    for template in library.template_files:
        for logical_id, resource in mapping(template.content.get("Resources")).items():
            if mapping(resource).get("Type") == DOCUMENT_TYPE:
                yield from _resource(template, logical_id, dict(mapping(mapping(resource).get("Properties"))))


def _resource(template: Document, logical_id: str, properties: dict[str, Any]) -> Iterator[LibraryProblem]:
    path = ("Resources", logical_id, "Properties")
    name = properties.get("Name")
    if isinstance(name, str) and name.lower().startswith(RESERVED_PREFIXES):
        yield LibraryProblem(template, Problem((*path, "Name"), f'names that begin as "{name}" does are AWS\'s own'))
    elif isinstance(name, str) and not _NAME.match(name):
        message = f'"{name}" is no name of a document: 3 to 128 letters, digits, dots, dashes, underscores'
        yield LibraryProblem(template, Problem((*path, "Name"), message))
    if name is not None and properties.get("UpdateMethod") != "NewVersion":
        message = "a named document cannot be replaced: without UpdateMethod NewVersion its next update fails"
        yield LibraryProblem(template, Problem(path, message, Level.WARNING))
    content = properties.get("Content")
    is_json = properties.get("DocumentFormat", "JSON") == "JSON"
    if is_json and isinstance(content, str) and not content.lstrip().startswith("{"):
        message = "the content is no JSON, and DocumentFormat is JSON where it is not given"
        yield LibraryProblem(template, Problem((*path, "Content"), message))


RULE = LibraryRule(
    id="L013",
    level=Level.ERROR,
    summary="AWS::SSM::Document resources have names that may be given, and are updated by new versions.",
    why="The deployment fails: at once on a reserved name, at the first update without UpdateMethod.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-document.html",
    check=check,
)
