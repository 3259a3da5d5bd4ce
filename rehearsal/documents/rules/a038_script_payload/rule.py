"""What goes into a script and comes out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.python_scripts import handler_of, required_payload, returned_keys
from rehearsal.documents.shapes.selectors import SelectorError, parse_selector
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.runbook import Step

_SELECTABLE = 2


def check(subject: Subject) -> Iterator[Problem]:
    """InputPayload has what the handler reads, the outputs select what it returns."""
    for step in subject.runbook.steps:
        if step.action != "aws:executeScript":
            continue
        function = handler_of(step)
        if function is not None:
            yield from _payload(step)
        returned = returned_keys(function) if function is not None else None
        for index, output in enumerate(step.declared_outputs):
            yield from _output(step, index, str(output.get("Selector", "")), returned)


def _payload(step: Step) -> Iterator[Problem]:
    function = handler_of(step)
    payload = step.inputs.get("InputPayload", {})
    if function is None or not isinstance(payload, dict):
        return
    for key, place in required_payload(function).items():
        if key not in payload:
            message = f'the script reads "{key}", and InputPayload has none{did_you_mean(key, payload)}'
            yield Problem((*step.path, "inputs", "Script"), message, at=place)


def _output(step: Step, index: int, selector: str, returned: frozenset[str] | None) -> Iterator[Problem]:
    path = (*step.path, "outputs", index, "Selector")
    try:
        parts = parse_selector(selector)
    except SelectorError:
        return
    if parts and parts[0].kind == "member" and parts[0].name != "Payload":
        yield Problem(path, f'what a script returns stands under "$.Payload", not under "$.{parts[0].name}"')
    elif (
        returned is not None
        and len(parts) >= _SELECTABLE
        and parts[1].kind == "member"
        and parts[1].name not in returned
    ):
        message = f'the script returns no "{parts[1].name}"{did_you_mean(parts[1].name, returned)}'
        yield Problem(path, message)


RULE = Rule(
    id="A038",
    level=Level.WARNING,
    summary="InputPayload has what the handler reads, and outputs select what it returns.",
    why="A KeyError in the script, or an output without a value, shows only when the step runs.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeScript.html",
    check=check,
    kinds=AUTOMATION,
)
