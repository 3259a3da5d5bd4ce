"""Outputs are read after their steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.references import references_in
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.flow import reachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.runbook import Runbook, Step


def check(subject: Subject) -> Iterator[Problem]:
    """A step that reads an output can be reached from the step that has it."""
    runbook = subject.runbook
    after: dict[str, set[str]] = {}
    for step in runbook.steps:
        for reference in references_in(_own_inputs(step), (*step.path, "inputs")):
            name = reference.name.partition(".")[0]
            producer = runbook.by_name.get(name)
            if producer is None or name in runbook.parameters or "." not in reference.name:
                continue
            if name not in after:
                after[name] = reachable(runbook, name) - ({name} if producer.loop is None else set())
            if step.name not in after[name] and not _share_a_loop(runbook, producer, step):
                message = f'"{name}" has not run when "{step.name}" does: no way leads from it to here'
                yield Problem(reference.path, message, at=reference.line_and_column)


def _own_inputs(step: Step) -> dict[str, object]:
    """A loop's inputs without its steps, which come with their own names."""
    return {key: value for key, value in step.inputs.items() if not (step.action == "aws:loop" and key == "Steps")}


def _share_a_loop(runbook: Runbook, producer: Step, consumer: Step) -> bool:
    """Within a loop every step comes after every other, an iteration later; its condition comes after its steps."""
    return bool(_loops(runbook, producer) & _loops(runbook, consumer))


def _loops(runbook: Runbook, step: Step) -> set[str]:
    found = {step.name} if step.action == "aws:loop" else set()
    while step.loop is not None and step.loop not in found:
        found.add(step.loop)
        step = runbook.by_name[step.loop]
    return found


RULE = Rule(
    id="A014",
    level=Level.WARNING,
    summary="An output is read only by steps that come after the step that has it.",
    why="The service checks that the step exists, not that it can have run: the reader gets no value and fails.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-outputs-inputs.html",
    check=check,
    kinds=AUTOMATION,
)
