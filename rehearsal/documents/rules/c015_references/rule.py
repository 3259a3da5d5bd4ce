"""What ``{{ … }}`` names exists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rehearsal.documents.references import PSEUDO, references_in
from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"[A-Za-z0-9]+\Z")


def check(subject: Subject) -> Iterator[Problem]:
    """Every reference names a parameter of the document."""
    command = subject.command
    for step in command.steps:
        for path, inputs in step.sets:
            for reference in references_in(dict(inputs), path):
                if not _NAME.match(reference.name) or reference.name in {*command.parameters, *PSEUDO}:
                    continue
                in_code = any(str(part).lower() == "runcommand" for part in reference.path) and not reference.whole
                message = f'there is no parameter "{reference.name}"{did_you_mean(reference.name, command.parameters)}'
                level = Level.WARNING if in_code else None
                yield Problem(reference.path, message, level, at=reference.line_and_column)


RULE = Rule(
    id="C015",
    level=Level.ERROR,
    summary="Every {{ … }} names a parameter of the document.",
    why="The agent leaves an unknown name as it stands: the script gets the braces.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html",
    check=check,
    kinds=COMMAND,
)
