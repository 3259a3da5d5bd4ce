"""A plan: every step in order, what it would get, where it may lead, what it does and needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.documents.model import DocumentKind
from rehearsal.documents.permissions import needs_of_step
from rehearsal.documents.plan.resolve import Values, known_values
from rehearsal.documents.runbook import Runbook, mapping
from rehearsal.documents.service import ServiceRejection, check_for_service
from rehearsal.documents.shapes.effects import Effect, effect_of
from rehearsal.documents.shapes.given_values import type_problem, typed
from rehearsal.documents.shapes.parameters import value_problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.documents.model import Document
    from rehearsal.documents.runbook import Edge, Step


class PlanError(Exception):
    """The document is no runbook, or would not start with these parameters."""


@dataclass(frozen=True)
class PlannedStep:
    """One step. `hosts` are instance ids or targets as they will be given; `depth` counts the loops around it.

    `ways` are (reason, condition, target); reasons are next, choice, default, failure, cancel, continue and end.
    """

    name: str
    action: str
    effect: Effect
    depth: int
    inputs: Mapping[str, Any]
    ways: tuple[tuple[str, str, str], ...]
    permissions: tuple[str, ...]
    possible_permissions: tuple[str, ...]
    hosts: tuple[str, ...]
    description: str


@dataclass(frozen=True)
class Plan:
    """What a run of a runbook would do; nothing was asked of AWS for it."""

    document: str
    parameters: Mapping[str, Any]
    steps: tuple[PlannedStep, ...]
    missing: tuple[str, ...] = field(default=())

    @property
    def permissions(self) -> tuple[str, ...]:
        """Every action that some step needs."""
        return tuple(sorted({action for step in self.steps for action in step.permissions}))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host, or target, that some step touches."""
        return tuple(dict.fromkeys(host for step in self.steps for host in step.hosts))

    def count(self, effect: Effect) -> int:
        """How many steps are of an effect."""
        return sum(1 for step in self.steps if step.effect is effect)


def plan_runbook(
    document: Document, parameters: Mapping[str, Any] | None = None, global_values: Mapping[str, str] | None = None
) -> Plan:
    """Plan a run with these parameters (values of the declared types, or texts as the command line gives them).

    `global_values` may tell REGION, ACCOUNT_ID and the like. Raises PlanError for a document that is no runbook or that
    the service would refuse, and for parameters with which it would not start; required ones that are not given are
    listed in `missing`.
    """
    if document.kind is not DocumentKind.AUTOMATION:
        raise PlanError(f"{document.name} is a {document.kind} document: only Automation documents have a plan")
    try:
        check_for_service(document)
    except ServiceRejection as error:
        where = document.path or document.name
        raise PlanError(f"{where}: CreateDocument would refuse it: {error}\n  ./rehearse lint says where") from error
    runbook = Runbook(document)
    given = _checked(runbook, parameters or {})
    values = known_values(runbook, given, global_values or {})
    definitions = runbook.parameters.items()
    missing = tuple(name for name, fields in definitions if name not in given and "default" not in mapping(fields))
    steps = tuple(_planned(step, runbook, values) for step in runbook.steps)
    return Plan(document.name, values.parameters, steps, missing)


def _checked(runbook: Runbook, parameters: Mapping[str, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for name, value in parameters.items():
        if name not in runbook.parameters:
            known = ", ".join(runbook.parameters) or "none"
            raise PlanError(f'{runbook.document.name} has no parameter "{name}"; it has: {known}')
        definition = mapping(runbook.parameters[name])
        declared = str(definition["type"])
        if unfit := type_problem(name, value, declared):
            raise PlanError(unfit)
        checked[name] = typed(value, declared)
        for problem in value_problems(name, checked[name], definition, ()):
            raise PlanError(problem.message)
    return checked


def _planned(step: Step, runbook: Runbook, values: Values) -> PlannedStep:
    inputs = {key: value for key, value in step.inputs.items() if not (step.action == "aws:loop" and key == "Steps")}
    resolved = values.resolve(inputs)
    needs = list(needs_of_step(step))
    certain = dict.fromkeys(_permission(need.action, need.document) for need in needs if need.certain)
    possible = dict.fromkeys(need.action for need in needs if not need.certain)
    return PlannedStep(
        name=step.name,
        action=step.action,
        effect=_effect(step, runbook),
        depth=_depth(step, runbook),
        inputs=resolved,
        ways=tuple(_ways(step, values)),
        permissions=tuple(certain),
        possible_permissions=tuple(action for action in possible if action not in certain),
        hosts=tuple(_hosts(step, resolved)),
        description=str(step.body.get("description", "")),
    )


def _permission(action: str, document: str | None) -> str:
    return f"{action} on document/{document}" if document else action


def _effect(step: Step, runbook: Runbook) -> Effect:
    """A loop does what its steps do."""
    if step.action != "aws:loop":
        return effect_of(step)
    inner = {_effect(child, runbook) for child in runbook.inside(step.name) if child is not step}
    if Effect.MUTATING in inner:
        return Effect.MUTATING
    return Effect.UNDETERMINED if Effect.UNDETERMINED in inner or not inner else Effect.READ_ONLY


def _depth(step: Step, runbook: Runbook) -> int:
    depth, seen = 0, set[str]()
    while step.loop is not None and step.loop not in seen:
        seen.add(step.loop)
        depth += 1
        step = runbook.by_name[step.loop]
    return depth


def _ways(step: Step, values: Values) -> list[tuple[str, str, str]]:
    found = [(str(edge.reason), _condition(edge, values), edge.target) for edge in step.edges()]
    if not any(reason in {"next", "default"} for reason, _, _ in found):
        found.append(("end", "", "end of the loop's round" if step.loop and not step.is_end else "end"))
    return found


def _condition(edge: Edge, values: Values) -> str:
    return _worded(values.resolve(edge.condition)) if isinstance(edge.condition, dict) else ""


def _worded(condition: Any) -> str:
    """``{Variable: a, StringEquals: b}`` → ``a StringEquals b``."""
    if not isinstance(condition, dict):
        return str(condition)
    for key in ("And", "Or"):
        if isinstance(condition.get(key), list):
            return f" {key.lower()} ".join(f"({_worded(item)})" for item in condition[key])
    if "Not" in condition:
        inner = condition["Not"]
        return f"not ({_worded(inner[0] if isinstance(inner, list) and inner else inner)})"
    operator = next((key for key in condition if key != "Variable"), "")
    return f"{condition.get('Variable', '')} {operator} {condition.get(operator, '')}".strip()


_INSTANCES = ("InstanceIds", "InstanceId")
_ON_HOSTS = frozenset({"aws:runCommand", "aws:changeInstanceState", "aws:createImage", "aws:executeAwsApi"})


def _hosts(step: Step, inputs: Mapping[str, Any]) -> list[str]:
    """The instances that a step acts on, by id or by target; reading about an instance does not touch it."""
    if step.action not in _ON_HOSTS or (step.action == "aws:executeAwsApi" and effect_of(step) is not Effect.MUTATING):
        return []
    found: list[str] = []
    for key in _INSTANCES:
        value = inputs.get(key)
        found.extend(str(item) for item in (value if isinstance(value, list) else [value] if value else []))
    targets = inputs.get("Targets")
    for target in targets if isinstance(targets, list) else [targets] if targets else []:
        if isinstance(target, dict):
            values = target.get("Values", [])
            shown = ", ".join(map(str, values)) if isinstance(values, list) else str(values)
            found.append(f"{target.get('Key')} = {shown}")
        else:
            found.append(str(target))
    return found
