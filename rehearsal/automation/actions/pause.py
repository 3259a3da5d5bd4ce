"""`aws:pause`: wait until someone resumes (reference §3.18)."""

from __future__ import annotations

from rehearsal.automation.action import Action, StepContext, StepResult
from rehearsal.automation.statuses import Impact


def run(context: StepContext) -> StepResult:
    """Wait for the signal Resume that names this step, or no step."""
    with context.waiting_for_person():
        for signal in context.signals("waiting to be resumed"):
            if signal.kind == "Resume" and context.step.name in signal.payload.get("StepName", [context.step.name]):
                break
    return StepResult()


ACTION = Action(
    name="aws:pause",
    run=run,
    impact=Impact.NON_MUTATING,
    inputs=None,  # it has none, and what AWS's own runbooks write there (a Message) is ignored
    default_timeout=604_800,
    maximum_timeout=2_592_000,
)
