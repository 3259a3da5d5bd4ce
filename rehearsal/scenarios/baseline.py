"""Measures the commands that the runbook replaces, on the same hosts and under the same load."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rehearsal.scenarios.load import LoadRun
from rehearsal.scenarios.measure import measure
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.results import BaselineResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rehearsal.scenarios.model import Load
    from rehearsal.scenarios.proofs import Baseline, Former, HostCommand
    from rehearsal.scenarios.surroundings import Surroundings

COMMAND_SECONDS = 120


def run_baseline(baseline: Baseline, load: Load, surroundings: Surroundings) -> BaselineResult:
    """Set up, load, commands, take down. What was set up, wholly or in part, is taken down whatever happens.

    Raises ScenarioError when a command fails; taking down goes on after one that fails.
    """
    with _put_up(baseline.former, surroundings):
        run = LoadRun(load, surroundings)
        try:
            run.wait_until_flowing()
            started = time.time()
            for command in baseline.commands:
                _command(surroundings, command)
            seconds = time.time() - started
            samples = run.finish()
        finally:
            run.cancel()
    written = "\n".join(f"{command.at}# {_filled(surroundings, command)}" for command in baseline.commands)
    return BaselineResult(baseline.description, written, started, round(seconds, 2), measure(samples))


@contextmanager
def _put_up(formers: Iterable[Former], surroundings: Surroundings) -> Iterator[None]:
    begun: list[Former] = []
    try:
        for former in formers:
            begun.append(former)
            for command in former.setup:
                _command(surroundings, command)
        yield
    except ScenarioError as problem:
        raise ScenarioError("; ".join([str(problem), *_take_down(surroundings, begun)])) from problem
    except BaseException:
        _take_down(surroundings, begun)
        raise
    if problems := _take_down(surroundings, begun):
        raise ScenarioError("; ".join(problems))


def _take_down(surroundings: Surroundings, begun: list[Former]) -> list[str]:
    problems = []
    for command in (command for former in reversed(begun) for command in former.teardown):
        try:
            _command(surroundings, command)
        except ScenarioError as problem:
            problems.append(str(problem))
    return problems


def _command(surroundings: Surroundings, command: HostCommand) -> None:
    text = _filled(surroundings, command)
    done = surroundings.hosts.run(command.at, text, timeout_seconds=COMMAND_SECONDS)
    if not done.passed:
        telling = [line for line in text.splitlines() if not line.startswith(("set ", "#"))]
        why = (done.stderr or done.stdout).strip()
        raise ScenarioError(f"baseline: `{next(iter(telling), text)}` on {command.at} is {done.status}: {why}")


def _filled(surroundings: Surroundings, command: HostCommand) -> str:
    return str(surroundings.values.fill(command.command)).strip()
