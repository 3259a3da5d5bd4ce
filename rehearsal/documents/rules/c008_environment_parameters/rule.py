"""Parameters that scripts read from the environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rehearsal.documents.command import SHELL
from rehearsal.documents.references import references_in
from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject
from rehearsal.documents.runbook import mapping
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE = re.compile(r"\$\{?SSM_(\w+)")
_CLOSED = re.compile(r"\$\{SSM_(\w+):?\?")
_SET_BY_AGENT = frozenset({"COMMAND_ID"})
_OTHER_INPUTS = ("workingDirectory", "timeoutSeconds", "onFailure", "onSuccess", "finallyStep")


def check(subject: Subject) -> Iterator[Problem]:
    """ENV_VAR parameters are texts, are read by names that exist, and their absence stops the script."""
    command = subject.command
    environment = command.environment_parameters
    for name in environment:
        declared = mapping(command.parameters[name]).get("type")
        if declared != "String":
            message = f"ENV_VAR writes a {declared} as Go prints it ([a b c]): only a String arrives as it was given"
            yield Problem(("parameters", name, "interpolationType"), message)
    for step in command.steps:
        if step.action == SHELL:
            for path, inputs in step.sets:
                for key in _OTHER_INPUTS:
                    for reference in references_in(inputs.get(key), (*path, key)):
                        if reference.name in environment:
                            message = f"{key} gets the literal text $SSM_{reference.name}: no shell reads it here"
                            yield Problem(reference.path, message)
    yield from _scripts(subject, environment)


def _scripts(subject: Subject, environment: set[str]) -> Iterator[Problem]:
    for script in subject.command.shell_scripts:
        if not script.is_shell:
            continue
        closed = set(_CLOSED.findall(script.text))
        told: set[str] = set()
        for number, line in enumerate(script.text.split("\n"), start=1):
            for match in () if line.lstrip().startswith("#") else _VARIABLE.finditer(line):
                name = match[1]
                if name in told or name in _SET_BY_AGENT or not name.isalnum() or f"SSM_{name}=" in script.text:
                    continue
                told.add(name)
                path, at = script.at(number)
                if name not in environment:
                    known = did_you_mean(name, environment)
                    message = f"no parameter with interpolationType ENV_VAR sets SSM_{name}{known}"
                    yield Problem(path, message, Level.ERROR, at=(at, match.start() + 1))
                elif name not in closed:
                    read = f'"${{SSM_{name}{subject.command.stop_when_unset(name)}…}}"'
                    message = f"older agents do not set SSM_{name}: read it as {read}, which stops the script"
                    yield Problem(path, message, at=(at, match.start() + 1))


RULE = Rule(
    id="C008",
    level=Level.WARNING,
    summary="ENV_VAR parameters are Strings, read by names that exist, by scripts that stop when they are not set.",
    why="An agent older than 3.3.2746.0 sets none of them: the script would run with empty values.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html",
    check=check,
    kinds=COMMAND,
)
