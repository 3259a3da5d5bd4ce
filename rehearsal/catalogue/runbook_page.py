"""The page of one runbook, as what its template shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rehearsal.catalogue import measured, mentions
from rehearsal.catalogue.endings import Ending, endings
from rehearsal.catalogue.parameters import Row, parameter_rows, start_commands
from rehearsal.catalogue.texts import duration, first_sentence, one_line, sections
from rehearsal.documents.plan import plan_runbook
from rehearsal.documents.plan.render import plan_as_mermaid
from rehearsal.documents.runbook import Runbook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.catalogue.sources import Sources
    from rehearsal.documents.model import Document
    from rehearsal.documents.plan import Plan, PlannedStep
    from rehearsal.documents.runbook import Step


@dataclass(frozen=True)
class StepRow:
    """One step: what it does, the document of the library that it calls, its time-out."""

    name: str
    action: str
    description: str
    calls: str
    at_most: str


@dataclass(frozen=True)
class Output:
    """One output of the runbook, and the step that it comes from in words."""

    name: str
    step: str


@dataclass(frozen=True)
class RunbookPage:
    """Everything on the page of a runbook, as texts."""

    name: str
    source: str
    summary: str
    sections: Mapping[str, str]
    commands: tuple[str, ...]
    parameters: tuple[Row, ...]
    alarms: tuple[mentions.Named, ...]
    schedules: tuple[mentions.Named, ...]
    senders: tuple[str, ...]
    callers: tuple[str, ...]
    chart: str
    steps: tuple[StepRow, ...]
    outputs: tuple[Output, ...]
    endings: tuple[Ending, ...]
    role: str
    role_description: str
    permissions: tuple[str, ...]
    possible_permissions: tuple[str, ...]
    measured: tuple[measured.Row, ...]


def runbook_page(document: Document, sources: Sources) -> RunbookPage:
    """Make the page of a runbook."""
    runbook, plan = Runbook(document), plan_runbook(_without_defaults(document))
    said = sections(str(document.content.get("description", "")))
    role, role_description = sources.roles.get(document.name, (None, ""))
    possible = {action for step in plan.steps for action in step.possible_permissions}
    return RunbookPage(
        name=document.name,
        source=sources.shown(document),
        summary=first_sentence(next(iter(said.values()), "")),
        sections=said,
        commands=tuple(start_commands(document, sources.patterns, sources.rehearsed.get(document.name, ()))),
        parameters=tuple(parameter_rows(document, sources.patterns)),
        alarms=tuple(mentions.alarms(sources, document.name)),
        schedules=tuple(mentions.schedules(sources, document.name)),
        senders=tuple(mentions.senders(sources, document.name)),
        callers=tuple(mentions.callers(sources, document.name)),
        chart=plan_as_mermaid(plan).rstrip("\n"),
        steps=tuple(_step(step, runbook.by_name[step.name], sources) for step in plan.steps),
        outputs=tuple(_outputs(document, plan)),
        endings=tuple(endings(runbook)),
        role=role.name if role else "",
        role_description=role_description,
        permissions=plan.permissions,
        possible_permissions=tuple(sorted(possible - set(plan.permissions))),
        measured=tuple(measured.rows(sources.measured, document.name)),
    )


def _without_defaults(document: Document) -> Document:
    """With defaults in their places the chart would show what one run does, and not on what it decides."""
    parameters = {
        name: {key: value for key, value in definition.items() if key != "default"}
        for name, definition in document.content.get("parameters", {}).items()
    }
    return replace(document, content={**document.content, "parameters": parameters})


def _step(planned: PlannedStep, step: Step, sources: Sources) -> StepRow:
    calls = step.inputs.get("DocumentName", "")
    bound = step.body.get("timeoutSeconds")
    return StepRow(
        name=step.name,
        action=step.action,
        description=one_line(planned.description),
        calls=calls if calls in sources.by_name else "",
        at_most=duration(float(bound) if bound is not None else None),
    )


def _outputs(document: Document, plan: Plan) -> list[Output]:
    said = {step.name: one_line(step.description) for step in plan.steps}
    names = [str(name) for name in document.content.get("outputs", [])]
    return [Output(name, said.get(name.partition(".")[0], "")) for name in names]
