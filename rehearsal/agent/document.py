"""From a document and parameters to steps that can be run: everything that is decided before anything runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from rehearsal.agent import parameters
from rehearsal.agent.content import Content, ParameterDefinition, Step, parse_content
from rehearsal.agent.ssm_references import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.agent.run_context import RunContext

_VARIABLE_PREFIXES = {"aws:runShellScript": "$", "aws:runPowerShellScript": "$env:"}


@dataclass(frozen=True)
class PreparedDocument:
    """Steps with their parameters put in; `values` is kept because preconditions show the document's own text."""

    steps: tuple[Step, ...]
    values: Mapping[str, Any]
    has_preconditions: bool

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> PreparedDocument:
        return cls(tuple(Step(**step) for step in value["steps"]), value["values"], value["has_preconditions"])


def prepare(raw: Any, given: Mapping[str, Any], run: RunContext) -> PreparedDocument:
    """Check the document and put the parameters in. Raises RejectedError: then no step may run.

    Of an inner document (`run.depth` above 0) all constraints of parameters are checked; of a top-level one
    allowedPattern only, because the service has checked the rest.
    """
    content = parse_content(raw)
    values = parameters.taken_values(given, content.parameters, run.log)
    resolved = resolve(values, run.parameter_source)
    parameters.check_patterns(resolved, content.parameters)
    if run.depth:
        parameters.check_limits(resolved, content.parameters)
    # Whether the agent knows ENV_VAR decides: one that does not ignores the key and puts the value into the script.
    definitions = content.parameters if run.knows_env_var else {}
    steps = tuple(_put_in(step, values, resolved, definitions, run) for step in content.steps)
    return PreparedDocument(_in_order(content, steps), values, content.has_preconditions)


def _put_in(
    step: Step,
    values: Mapping[str, Any],
    resolved: Mapping[str, Any],
    definitions: Mapping[str, ParameterDefinition],
    run: RunContext,
) -> Step:
    prefix = _VARIABLE_PREFIXES.get(step.action)
    variables, references = parameters.environment_of(resolved, definitions, prefix) if prefix else ({}, {})
    inputs = parameters.replace(step.inputs, values, references)
    return replace(step, inputs=resolve(inputs, run.parameter_source), environment=variables)


def _in_order(content: Content, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Schema 1.x has a map of plugins, without an order: sorted by name, so that a run can be repeated."""
    return tuple(sorted(steps, key=lambda step: step.name)) if content.is_list_of_plugins else steps
