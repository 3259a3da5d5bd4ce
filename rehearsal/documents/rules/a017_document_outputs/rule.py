"""The outputs of the document are outputs of its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.documents.model import Intrinsic
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.resolving import unresolved_output
from rehearsal.documents.shapes.types import described
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.runbook import Runbook


def check(subject: Subject) -> Iterator[Problem]:
    """Each entry is ``Step.Output`` of a step that has that output."""
    outputs = subject.document.content.get("outputs")
    for index, output in enumerate(outputs if isinstance(outputs, list) else []):
        if not isinstance(output, Intrinsic):
            yield from _output(subject.runbook, output, index)


def _output(runbook: Runbook, output: Any, index: int) -> Iterator[Problem]:
    path = ("outputs", index)
    if not isinstance(output, str):
        yield Problem(path, f'an output is written "Step.Output", not {described(output)}')
        return
    name, _, rest = output.strip("{} ").partition(".")
    step = runbook.by_name.get(name)
    if step is None:
        text = f"Unknown step name in named output: {output}"
        yield Problem(path, f'there is no step "{name}"{did_you_mean(name, runbook.by_name)}', service=text)
    elif not rest:
        yield Problem(path, f'which output of "{name}"? An output is written "{name}.<Output>"')
    else:
        message = unresolved_output(step, rest)
        if message is not None:
            yield Problem(path, message)


RULE = Rule(
    id="A017",
    level=Level.ERROR,
    summary="Each output of the document names a step and one of its outputs.",
    why="The service refuses an unknown step; an unknown output never has a value.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-outputs-inputs.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
