"""Measures the commands that the runbook replaces, on the same host and under the same load."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rehearsal.scenarios.load import LoadRun
from rehearsal.scenarios.measure import measure
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.results import BaselineResult

if TYPE_CHECKING:
    from rehearsal.scenarios.model import Baseline, Load
    from rehearsal.scenarios.surroundings import Surroundings

COMMAND_SECONDS = 120


def run_baseline(baseline: Baseline, load: Load, surroundings: Surroundings) -> BaselineResult:
    """Set up, load, command, take down. What was set up is taken down whatever happens.

    Raises ScenarioError when a command of `setup` or `teardown`, or the command itself, fails.
    """
    started_setup = False
    try:
        for command in baseline.setup:
            started_setup = True
            _command(surroundings, baseline.host, command)
        run = LoadRun(load, surroundings)
        try:
            run.wait_until_flowing()
            started = time.time()
            _command(surroundings, baseline.host, baseline.command)
            seconds = time.time() - started
            samples = run.finish()
        finally:
            run.cancel()
    finally:
        if started_setup:
            for command in baseline.teardown:
                _command(surroundings, baseline.host, command)
    return BaselineResult(baseline.description, baseline.command, started, round(seconds, 2), measure(samples))


def _command(surroundings: Surroundings, host: str, command: str) -> None:
    command = surroundings.values.fill(command)
    done = surroundings.hosts.run(host, command, timeout_seconds=COMMAND_SECONDS)
    if not done.passed:
        first = command.strip().splitlines()[0]
        raise ScenarioError(f"baseline: `{first}` on {host} is {done.status}: {(done.stderr or done.stdout).strip()}")
