"""Errors of the command line: the thing, the place and the next step, without a traceback."""

from __future__ import annotations

import sys
from typing import IO, Any

import click

FELL_SHORT = 1
REJECTED = 2


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
