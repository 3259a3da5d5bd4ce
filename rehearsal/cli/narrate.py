"""Shows a run as it happens: its steps as they change, and what hosts wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.scenarios.executions import StepChange, step_times

if TYPE_CHECKING:
    from rehearsal.cli.progress import Progress
    from rehearsal.scenarios.executions import Event

MARKS = {"Success": "✓", "Failed": "✗", "TimedOut": "✗", "Cancelled": "-", "InProgress": "…", "Waiting": "…"}


def tell_event(progress: Progress, event: Event) -> None:
    """One line for a step's change; a step that failed has its whole message."""
    if not isinstance(event, StepChange):
        progress.line(f"  {event.step} · {event.instance_id} · {event.plugin}: {event.status}, exit code {event.code}")
        progress.block("\n".join(text for text in (event.stdout.rstrip(), event.stderr.rstrip()) if text))
        return
    started, ended = step_times(event.step)
    took = f"  {ended - started:.1f} s" if started is not None and ended is not None else ""
    progress.line(f"{MARKS.get(event.status, '·')} {event.name} ({event.step['Action']}) {event.status}{took}")
    if message := str(event.step.get("FailureMessage", "")):
        progress.block(message)


def tell_step(progress: Progress, event: Event) -> None:
    """The same without what hosts wrote, for a scenario's many runs."""
    if isinstance(event, StepChange) and event.status != "InProgress":
        tell_event(progress, event)
