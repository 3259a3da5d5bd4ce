"""Errors of the command line: the thing, the place and the next step, without a traceback."""

from __future__ import annotations

import sys
from typing import IO, Any

import click

FELL_SHORT = 1
REJECTED = 2
INTERRUPTED = 130
TERMINATED = 143

CLOUD_LOG = "The cloud's log: build/rehearsal/cloud.log"


class Problem(click.ClickException):
    """Something that the person at the terminal has to know. `next_step` says what to do about it."""

    exit_code = FELL_SHORT

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.next_step = next_step

    def show(self, file: IO[Any] | None = None) -> None:
        out = file or sys.stderr
        click.echo(f"rehearse: {self.message}", file=out)
        for line in self.next_step.splitlines():
            click.echo(f"  {line}", file=out)


class Rejection(Problem):
    """The command, the settings or an input cannot be used; nothing was done."""

    exit_code = REJECTED


def as_problem(error: Exception) -> Problem | None:
    """An error that a part of the rehearsal or an AWS API explained itself; None for one that is a fault of ours.

    They are told by their modules: importing all their classes would cost every command half a second.
    """
    origin = type(error).__module__
    if origin.startswith("botocore."):
        return Problem(f"the cloud refused or did not answer: {error}", next_step=CLOUD_LOG)
    if origin.startswith("rehearsal.settings"):
        return Rejection(str(error))
    if origin == "rehearsal.scenarios.problems":
        # Scenarios that cannot be read were rejected before anything was done; this one could not be carried out.
        return Problem(str(error), next_step=f"./rehearse status shows the hosts. {CLOUD_LOG}")
    if origin == "rehearsal.hosts.errors":
        return Problem(str(error))  # whose texts say what to do
    return None
