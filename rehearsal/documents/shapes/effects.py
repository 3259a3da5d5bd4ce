"""What a step does to the world, as the service's own execution preview classes it.

User guide, "Remediation impact types of runbook actions"; aws:executeAwsApi is undetermined there and is classed here
by the verb of the operation that it names.
"""

from __future__ import annotations

import ast
from enum import StrEnum
from typing import TYPE_CHECKING

from rehearsal.documents.model import Intrinsic
from rehearsal.documents.references import has_reference
from rehearsal.documents.shapes.python_scripts import parsed, python_script

if TYPE_CHECKING:
    from rehearsal.documents.runbook import Step


class Effect(StrEnum):
    """Whether running a step changes anything."""

    MUTATING = "mutating"
    READ_ONLY = "read-only"
    UNDETERMINED = "undetermined"


_MUTATING = frozenset(
    f"aws:{name}"
    for name in ("changeInstanceState", "copyImage", "createImage", "createStack", "createTags", "deleteImage")
) | {"aws:deleteStack", "aws:runInstances", "aws:updateVariable"}
_READ_ONLY = frozenset(
    f"aws:{name}"
    for name in ("approve", "assertAwsResourceProperty", "branch", "pause", "sleep", "waitForAwsResourceProperty")
)


def effect_of(step: Step) -> Effect:
    """The impact of one step; a loop's own is that of its steps and is left undetermined here."""
    if step.action in _MUTATING:
        checks_only = step.inputs.get("CheckStateOnly")
        return Effect.READ_ONLY if checks_only is True or checks_only == "true" else Effect.MUTATING
    if step.action in _READ_ONLY:
        return Effect.READ_ONLY
    if step.action == "aws:executeAwsApi":
        return _call(step)
    return Effect.UNDETERMINED


def _call(step: Step) -> Effect:
    from rehearsal.documents.aws.services import is_reading  # noqa: PLC0415 - for documents that call AWS only

    service, api = step.inputs.get("Service"), step.inputs.get("Api")
    if not isinstance(service, str) or not isinstance(api, str) or has_reference(api) or isinstance(api, Intrinsic):
        return Effect.UNDETERMINED
    reading = is_reading(service, api)
    if reading is None:
        return Effect.UNDETERMINED
    return Effect.READ_ONLY if reading else Effect.MUTATING


def changes_the_world(step: Step) -> bool:
    """Whether a step is known to change something outside of the run itself."""
    return step.action != "aws:updateVariable" and effect_of(step) is Effect.MUTATING


def only_looks(step: Step) -> bool:
    """Whether a step runs a Python script whose AWS calls, as far as they are seen, all read."""
    from rehearsal.documents.aws.boto_calls import calls_in  # noqa: PLC0415 - for documents that call AWS only
    from rehearsal.documents.aws.services import is_reading  # noqa: PLC0415

    script = python_script(step)
    tree = parsed(script) if script is not None else None
    return isinstance(tree, ast.Module) and all(is_reading(call.service, call.operation) for call in calls_in(tree))
