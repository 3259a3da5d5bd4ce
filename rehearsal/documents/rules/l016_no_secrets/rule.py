"""No secrets in parameters and outputs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rehearsal.documents.model import DocumentKind
from rehearsal.documents.rule import Level, Problem, Rule, Subject
from rehearsal.documents.runbook import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECRET = re.compile(r"(?i)(password|passwd|passphrase|secret|privatekey|accesskey|apikey|token)$")
_HARMLESS = re.compile(r"(?i)(next|continuation|client|page|request|task|idempotency)_?token$|^(hash|version|is|has)")
_SECRET_OUTPUT = re.compile(r"(?i)(password|passwd|passphrase|secretstring|secretvalue|privatekey)$")


def check(subject: Subject) -> Iterator[Problem]:
    """No parameter and no output is named as a secret is. Names and ARNs of secrets are none."""
    for name, definition in mapping(subject.document.content.get("parameters")).items():
        if (
            _SECRET.search(name)
            and not _HARMLESS.search(name)
            and mapping(definition).get("type", "String") == "String"
        ):
            message = (
                f'"{name}" would stand in the history of every run: pass a secret\'s name, and fetch it where used'
            )
            yield Problem(("parameters", name), message, on_key=True)
    if subject.document.kind is DocumentKind.AUTOMATION:
        for step in subject.runbook.steps:
            for index, output in enumerate(step.declared_outputs):
                name = str(output.get("Name", ""))
                if _SECRET_OUTPUT.search(name) and not _HARMLESS.search(name):
                    message = "outputs are kept in the history of the execution, for whoever may read it"
                    yield Problem((*step.path, "outputs", index, "Name"), message)


RULE = Rule(
    id="L016",
    level=Level.WARNING,
    summary="No parameter and no output carries a secret.",
    why="Parameters and outputs are kept, in clear, in the history of every execution.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html",
    check=check,
)
