"""Looks at the same things twice, to show that what happened in between did not change them."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING

from rehearsal.scenarios.answers import shorten
from rehearsal.scenarios.checks import CheckResult, aws, sql
from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rehearsal.scenarios.model import Observation
    from rehearsal.scenarios.surroundings import Surroundings

COMMAND_SECONDS = 60


def observe(observations: Iterable[Observation], surroundings: Surroundings) -> dict[str, str]:
    """What each of them shows now, as text, by its name. Raises ScenarioError when one cannot be looked at."""
    return {observation.name: _look(observation, surroundings) for observation in observations}


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> list[CheckResult]:
    """One check each; the detail of one that changed are the lines that differ."""
    return [
        CheckResult(f"unchanged: {name}", after[name] == seen, _difference(seen, after[name]))
        for name, seen in before.items()
    ]


def _look(observation: Observation, surroundings: Surroundings) -> str:
    settings = surroundings.values.fill(observation.settings)
    if observation.kind == "aws":
        answer = aws.read(settings, surroundings)
        if isinstance(answer, dict):
            answer.pop("ResponseMetadata", None)  # the request's own id
        return json.dumps(answer, indent=1, sort_keys=True, default=str)
    if observation.kind == "sql":
        settings = sql.as_command(settings["statement"], surroundings)
    seconds = settings.get("timeout_seconds", COMMAND_SECONDS)
    done = surroundings.hosts.run(settings["at"], settings["command"], timeout_seconds=seconds)
    if not done.passed:
        why = shorten(done.stderr or done.stdout)
        raise ScenarioError(f"{observation.name} cannot be looked at: {done.status} on {settings['at']}: {why}")
    return done.stdout


def _difference(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return shorten("\n".join(line for line in lines if not line.startswith(("---", "+++", "@@"))))
