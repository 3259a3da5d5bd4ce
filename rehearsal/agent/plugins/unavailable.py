"""Actions that only the genuine agent can carry out: the step fails and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.agent.content import Step
    from rehearsal.agent.output import StepOutput
    from rehearsal.agent.run_context import RunContext


def unavailable(step: Step, inputs: Any, output: StepOutput, run: RunContext) -> None:  # noqa: ARG001 - a plugin's shape
    output.fail(
        f"{step.action} is not carried out by the stand-in agent: step {step.name} did nothing. "
        "Install the genuine amazon-ssm-agent on this host to run it.\n"
    )
