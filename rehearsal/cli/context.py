"""What every command starts from: the settings of the checkout, and one command at a time that changes anything."""

from __future__ import annotations

import fcntl
import functools
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rehearsal.cli.problems import Problem, Rejection
from rehearsal.settings import Option, Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTINGS_FILE = "rehearsal.toml"
LOCK_FILE = ".lock"


def find_settings() -> Settings:
    """rehearsal.toml of the current folder or of the nearest one above it."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / SETTINGS_FILE).is_file():
            try:
                return load_settings(folder / SETTINGS_FILE)
            except SettingsError as error:
                raise Rejection(str(error)) from error
    raise Rejection(
        f"neither {here} nor a folder above it has a {SETTINGS_FILE}",
        next_step="Change to the checkout of the library that is to be rehearsed.",
    )


def settings_option(command: Callable[..., None]) -> Callable[..., None]:
    """Hand the settings to a command as `settings`."""

    @functools.wraps(command)
    def with_settings(*arguments: Any, **options: Any) -> None:
        command(*arguments, settings=find_settings(), **options)

    return with_settings


class VariantCommand(click.Command):
    """A command with an option for each option of rehearsal.toml (`--database mysql`). They arrive as `variant`."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        own = super().get_params(ctx)
        try:
            options = find_settings().options
        except Problem:
            return own  # the command itself says what is wrong
        return [*own, *(_as_click_option(option) for option in options.values())]

    def invoke(self, ctx: click.Context) -> Any:
        settings = find_settings()
        chosen = {name: ctx.params.pop(name, None) for name in settings.options}
        ctx.params["settings"] = settings
        ctx.params["variant"] = {name: choice for name, choice in chosen.items() if choice is not None}
        return super().invoke(ctx)


def tick_option(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take how long a minute of schedules and alarms lasts, as `tick_seconds`."""
    return click.option(
        "--tick-seconds",
        type=click.FloatRange(1, 60),
        help="How long a minute of schedules and alarm periods lasts, 1 to 60 s. Default: 60, as on AWS.",
    )(command)


def _as_click_option(option: Option) -> click.Option:
    fallback = f"; {option.fallback} where that cannot be had" if option.fallback else ""
    return click.Option(
        [f"--{option.name}", option.name],
        type=click.Choice(list(option.choices)),
        help=f"What the stack runs with. Default: {option.default}{fallback}.",
    )


@contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """One command at a time may bring the rehearsal up or down. The lock goes with the process, however it ends."""
    settings.state_folder.mkdir(parents=True, exist_ok=True)
    with (settings.state_folder / LOCK_FILE).open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(
                "another ./rehearse is bringing this checkout's rehearsal up or down",
                next_step="Wait for it to end, or interrupt it.",
            ) from None
        yield
