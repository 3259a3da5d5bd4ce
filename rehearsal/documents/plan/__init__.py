"""What a runbook would do: its steps with their inputs resolved as far as they are known before it runs."""

from rehearsal.documents.plan.build import Plan, PlanError, PlannedStep, plan_runbook

__all__ = ["Plan", "PlanError", "PlannedStep", "plan_runbook"]
