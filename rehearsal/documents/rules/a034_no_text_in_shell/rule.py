"""No references in shell text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.references import references_in
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHELLS = ("AWS-RunShellScript", "AWS-RunPowerShellScript", "AWS-RunRemoteScript")


def check(subject: Subject) -> Iterator[Problem]:
    """Commands that a runbook writes itself hold no {{ … }}: the text is code when it arrives."""
    for step in subject.runbook.steps:
        if step.action == "aws:runCommand" and step.inputs.get("DocumentName") in _SHELLS:
            for reference in references_in(step.inputs.get("Parameters"), (*step.path, "inputs", "Parameters")):
                if reference.whole or reference.name.startswith(("global:", "automation:")):
                    continue
                how = "use a command document with ENV_VAR parameters"
                message = f"{{{{ {reference.name} }}}} becomes code on the host: {how}"
                yield Problem(reference.path, message, at=reference.line_and_column)


RULE = Rule(
    id="A034",
    level=Level.WARNING,
    summary="Commands that a runbook writes itself hold no {{ … }}.",
    why="The value becomes code on the host: whoever may start the runbook may run anything there.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html",
    check=check,
    kinds=AUTOMATION,
)
