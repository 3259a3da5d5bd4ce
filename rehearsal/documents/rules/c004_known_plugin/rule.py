"""Plugins exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.plugins import PLUGINS
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Every step's action is a plugin that the agent has."""
    for step in subject.command.steps:
        if step.action and step.action not in PLUGINS:
            message = f'the agent has no plugin "{step.action}"{did_you_mean(step.action, PLUGINS)}'
            path = (*step.path, "action") if "action" in step.body else step.path
            if subject.document.is_awss_own:
                yield Problem(path, message, Level.WARNING)
            else:
                yield Problem(path, message, service=f"Unknown action: {step.action}")


RULE = Rule(
    id="C004",
    level=Level.ERROR,
    summary="Every step names a plugin that the agent has.",
    why="An agent fails a step whose plugin it does not know.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html",
    check=check,
    kinds=COMMAND,
    enforced=True,
)
