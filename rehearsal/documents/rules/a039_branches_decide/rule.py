"""Branches decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


def _leaves_nothing(choices: Any) -> bool:
    """Whether one variable is compared with true in one choice and with false in another: one of them matches."""
    compared = {
        (str(choice.get("Variable")).replace(" ", ""), str(choice["BooleanEquals"]).lower())
        for choice in (choices if isinstance(choices, list) else [])
        if isinstance(choice, dict) and "BooleanEquals" in choice
    }
    return any((variable, "false") in compared for variable, value in compared if value == "true")


def check(subject: Subject) -> Iterator[Problem]:
    """A branch says what happens when no choice matches: a Default, or isEnd, unless one of the choices must match."""
    for step in subject.runbook.steps:
        if (
            step.action == "aws:branch"
            and "Default" not in step.inputs
            and not step.is_end
            and "nextStep" not in step.body
            and not _leaves_nothing(step.inputs.get("Choices"))
        ):
            after = f'goes on with "{step.following}"' if step.following else "ends, as Success"
            message = f"when no choice matches the run {after}: write a Default, or isEnd: true, to say so"
            yield Problem((*step.path, "name"), message)


RULE = Rule(
    id="A039",
    level=Level.WARNING,
    summary="A branch says what happens when no choice matches.",
    why="Without a Default the run falls through to whatever stands next, which is often the first choice.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-branch.html",
    check=check,
    kinds=AUTOMATION,
)
