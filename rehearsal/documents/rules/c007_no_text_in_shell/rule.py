"""No references in shell text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.command import POWERSHELL, SHELL
from rehearsal.documents.references import references_in
from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Scripts hold no ``{{ parameter }}``; a parameter that is all of the script is meant to be one."""
    command = subject.command
    for step in command.steps:
        if step.action not in {SHELL, POWERSHELL}:
            continue
        for script in step.scripts:
            for path, text in script.items:
                for reference in references_in(text, path):
                    if reference.name not in command.parameters or reference.whole:
                        continue
                    how = "an unquoted $SSM_ variable" if reference.name in command.environment_parameters else "code"
                    read = f"$env:SSM_{reference.name}"
                    if step.action == SHELL:
                        read = f'"${{SSM_{reference.name}{command.stop_when_unset(reference.name)}}}"'
                    message = (
                        f"{{{{ {reference.name} }}}} becomes {how} in the script: give the parameter "
                        f"interpolationType ENV_VAR and read {read}"
                    )
                    yield Problem(path, message, at=reference.line_and_column)


RULE = Rule(
    id="C007",
    level=Level.WARNING,
    summary="Scripts hold no {{ … }}: they read parameters from the environment.",
    why="The agent pastes the value into the script, unescaped: whoever may send the command may run anything as root.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-troubleshooting.html",
    check=check,
    kinds=COMMAND,
)
