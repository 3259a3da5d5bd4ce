"""Limits of actions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rehearsal.documents.references import REFERENCE
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.inputs import integer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.runbook import Step

_LONGEST: dict[str, int] = {
    "aws:executeScript": 600,
    "aws:invokeLambdaFunction": 300,
    "aws:approve": 2_592_000,
    "aws:pause": 2_592_000,
}
_LONGEST_SLEEP = 604_799
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?\Z")
_TEMPLATE = 51_200
_SECONDS = (86_400, 3_600, 60, 1)


def check(subject: Subject) -> Iterator[Problem]:
    """Timeouts within what the action allows, sleeps within a week, templates within what the API takes."""
    for step in subject.runbook.steps:
        longest = _LONGEST.get(step.action)
        seconds = integer(step.body.get("timeoutSeconds"))
        if longest is not None and seconds is not None and seconds > longest:
            message = f"{step.action} runs for at most {longest:,} seconds, so it never has {seconds:,}"
            yield Problem((*step.path, "timeoutSeconds"), message)
        yield from _sleep(step)
        body = step.inputs.get("TemplateBody")
        if (
            step.action == "aws:createStack"
            and isinstance(body, str)
            and len(body.encode("utf-8", "replace")) > _TEMPLATE
        ):
            message = f"a TemplateBody has at most {_TEMPLATE:,} bytes: give a TemplateURL"
            yield Problem((*step.path, "inputs", "TemplateBody"), message, Level.ERROR)


def _sleep(step: Step) -> Iterator[Problem]:
    duration = step.inputs.get("Duration")
    if step.action != "aws:sleep" or not isinstance(duration, str) or REFERENCE.search(duration):
        return
    match = _DURATION.match(duration)
    if match is None:
        return
    seconds = sum(int((digits or "0")[:12]) * unit for digits, unit in zip(match.groups(), _SECONDS, strict=True))
    if seconds > _LONGEST_SLEEP:
        message = f"a sleep lasts at most {_LONGEST_SLEEP:,} seconds (7 days), not {seconds:,}"
        yield Problem((*step.path, "inputs", "Duration"), message, Level.ERROR)


RULE = Rule(
    id="A022",
    level=Level.WARNING,
    summary="Timeouts, sleeps and templates keep the limits of their actions.",
    why="The service ends the step at its own limit, whatever the document says.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html",
    check=check,
    kinds=AUTOMATION,
)
