"""Steps that lead back to themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.flow import cycles

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """No step can be reached from itself, on any way that success, failure or a choice takes."""
    names = [step.name for step in subject.runbook.steps]
    if len(names) != len(set(names)):
        return  # with two steps of one name nobody can say where a jump leads
    for cycle in cycles(subject.runbook):
        trace = " -> ".join([*(edge_from for edge_from, _ in cycle), cycle[0][0]])
        edge = cycle[-1][1]
        text = f"Circle detected in the steps of the document: {trace}"
        yield Problem(
            edge.path, f"the steps lead back to where they were: {trace} (aws:loop repeats steps)", service=text
        )


RULE = Rule(
    id="A011",
    level=Level.ERROR,
    summary="No chain of steps leads back to itself.",
    why="The service refuses circles, even those that a branch would leave; aws:loop is its way to repeat.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-branch-condition.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
