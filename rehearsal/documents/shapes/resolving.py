"""What a reference in a runbook resolves to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rehearsal.documents.references import GLOBALS, PSEUDO, Reference
from rehearsal.documents.runbook import mapping
from rehearsal.documents.shapes.actions import ACTIONS
from rehearsal.documents.shapes.types import basic_type
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from rehearsal.documents.runbook import Runbook, Step

OUTPUT_PAYLOAD = "OutputPayload"
"""Every step has it: all of its outputs as one JSON object."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_.\[\]]+)?\Z")
_CODE_KEYS = frozenset({"Script", "TemplateBody", "UserData"})


def unresolved(runbook: Runbook, name: str) -> str | None:
    """Why nothing has this name, or None when something has."""
    prefix, colon, rest = name.partition(":")
    if colon:
        return _prefixed(runbook, prefix, rest)
    if name in runbook.parameters or name in PSEUDO:
        return None
    step_name, dot, output = name.partition(".")
    step = runbook.by_name.get(step_name)
    if step is not None and dot:
        return unresolved_output(step, output)
    if step is not None:
        return f'which output of the step "{name}"? A reference is written {{{{ {name}.<Output> }}}}'
    if dot:
        return f'there is no step "{step_name}"{did_you_mean(step_name, runbook.by_name)}'
    if name in runbook.variables:
        return f"a variable is written {{{{ variable:{name} }}}}"
    return f'there is no parameter "{name}"{did_you_mean(name, runbook.parameters)}'


def unresolved_output(step: Step, output: str) -> str | None:
    """Why a step has no output of this name, or None when it has. Deeper paths below an output are not looked into."""
    declared = {str(item["Name"]) for item in step.declared_outputs if "Name" in item}
    implied = ACTIONS.get(step.action)
    if implied is None or output in declared or output == OUTPUT_PAYLOAD or output in implied:
        return None
    head = output.split(".", 1)[0].split("[", 1)[0]
    known = declared | implied
    if head in known or head == OUTPUT_PAYLOAD:
        return None
    return f'the step "{step.name}" has no output "{output}"{did_you_mean(output, known)}'


def _prefixed(runbook: Runbook, prefix: str, rest: str) -> str | None:
    match prefix:
        case "global":
            return None if rest in GLOBALS else f'there is no global "{rest}"{did_you_mean(rest, GLOBALS)}'
        case "automation":
            return (
                None if rest == "EXECUTION_ID" else f'"automation:{rest}" is not known: only automation:EXECUTION_ID is'
            )
        case "variable":
            if rest.split(".", 1)[0] in runbook.variables:
                return None
            return f'there is no variable "{rest}"{did_you_mean(rest, runbook.variables)}'
        case "ssm" | "ssm-secure":
            return None
    return f'"{prefix}:" begins no reference: global:, automation:, variable: and ssm: do'


def is_certain(reference: Reference) -> bool:
    """Whether the text must be meant as a reference. Code has braces of its own: f-strings, Jinja, format strings."""
    in_code = any(key in _CODE_KEYS for key in reference.path)
    return not in_code and _PLAIN_NAME.match(reference.name.partition(":")[2] or reference.name) is not None


def type_of(runbook: Runbook, name: str) -> str | None:
    """The declared type of what a reference names, resource types as the basic ones; None when it declares none."""
    if name.startswith("variable:"):
        declared = mapping(runbook.variables.get(name.removeprefix("variable:"))).get("type")
    elif name in runbook.parameters:
        declared = mapping(runbook.parameters[name]).get("type")
    else:
        step_name, _, output = name.partition(".")
        step = runbook.by_name.get(step_name)
        found = [o for o in step.declared_outputs if o.get("Name") == output] if step else []
        declared = found[0].get("Type", "String") if found else None
    return basic_type(declared) if isinstance(declared, str) else None
