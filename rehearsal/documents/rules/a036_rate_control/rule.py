"""Several hosts are taken in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_TARGETING = frozenset({"aws:runCommand", "aws:executeAutomation"})


def check(subject: Subject) -> Iterator[Problem]:
    """Where Targets are given, MaxConcurrency and MaxErrors are too."""
    for step in subject.runbook.steps:
        if step.action not in _TARGETING or "Targets" not in step.inputs:
            continue
        missing = [name for name in ("MaxConcurrency", "MaxErrors") if name not in step.inputs]
        if missing:
            message = (
                f"several targets can be meant: give {' and '.join(missing)}, or by default many are taken at once"
            )
            yield Problem((*step.path, "inputs", "Targets"), message, on_key=True)


RULE = Rule(
    id="A036",
    level=Level.WARNING,
    summary="Where several hosts can be meant, MaxConcurrency and MaxErrors are set.",
    why="The defaults take up to fifty hosts at once: all of a small fleet, before the first error counts.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/send-commands-multiple.html",
    check=check,
    kinds=AUTOMATION,
)
