"""`aws:branch`: go on at the first choice that holds (reference §3.3)."""

from __future__ import annotations

from rehearsal.automation.action import LIST, TEXT, Action, Input, StepContext, StepResult
from rehearsal.automation.conditions import CHOICE_KEYS, holds
from rehearsal.automation.errors import InvalidInputError
from rehearsal.automation.statuses import Impact


def run(context: StepContext) -> StepResult:
    """Return the step of the first true choice, else the default, else none: the run falls through or ends."""
    for index, choice in enumerate(context.inputs["Choices"]):
        if not isinstance(choice, dict):
            raise InvalidInputError(f"Choices[{index}] is not a map")
        condition = {key: value for key, value in choice.items() if key not in CHOICE_KEYS}
        if holds(condition, context.scope, f"Choices[{index}]"):
            return StepResult(next_step=str(choice["NextStep"]))
    default = context.inputs.get("Default")
    return StepResult(next_step=str(default) if default else None)


ACTION = Action(
    name="aws:branch",
    run=run,
    impact=Impact.NON_MUTATING,
    inputs={"Choices": Input(LIST, required=True), "Default": Input(TEXT)},
    late=frozenset({"Choices"}),
)
