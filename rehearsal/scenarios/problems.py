"""What can go wrong with a scenario, apart from the runbook falling short."""

from __future__ import annotations


class ScenarioError(Exception):
    """A scenario that cannot be read or carried out. The text names the file or the resource, and what to do."""
