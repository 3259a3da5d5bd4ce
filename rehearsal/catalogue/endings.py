"""How a run of a runbook may end, and what of it is undone, read from the steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.catalogue.texts import one_line

if TYPE_CHECKING:
    from rehearsal.documents.runbook import Runbook, Step

_STOPPED = "Somebody stopped the run."
_APPROVE = "aws ssm send-automation-signal --automation-execution-id ID --signal-type Approve"
_REPEAT = "Nothing is undone: what ran stays, and the runbook may be run again."


@dataclass(frozen=True)
class Ending:
    """A status of the execution, and what it says about the stack."""

    status: str
    meaning: str


def endings(runbook: Runbook) -> list[Ending]:
    """The statuses that a person may meet at the end of a run, and while it waits for one."""
    found = [
        Ending("Success", "Every step that has to succeed did; see [Result](#result)."),
        Ending("Failed", f"`FailureMessage` names the step and says why. {_undone(runbook, 'onFailure')}"),
        Ending("TimedOut", "A step took longer than it may; otherwise as Failed."),
        Ending("Cancelled", f"{_STOPPED} {_undone(runbook, 'onCancel')}"),
    ]
    if any(step.action == "aws:approve" for step in runbook.steps):
        found.insert(0, Ending("Waiting", f"An approver has to agree: `{_APPROVE}`."))
    return found


def _undone(runbook: Runbook, key: str) -> str:
    """What follows a failure or a cancellation, by the step that undoes."""
    targets: dict[str, list[Step]] = {}
    for step in runbook.steps:
        target = step.target_of(key)
        if target is not None:
            targets.setdefault(target, []).append(step)
    lines = []
    for target, steps in targets.items():
        names = ", ".join(f"`{step.name}`" for step in steps)
        what = one_line(str(runbook.by_name[target].body.get("description", ""))) if target in runbook.by_name else ""
        lines.append(f"In {names} the step `{target}` follows: {_lower(what)}")
    return " ".join(lines) or _REPEAT


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
