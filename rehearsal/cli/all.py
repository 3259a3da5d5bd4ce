"""`rehearse all`: the main job."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from rehearsal.cli.bring_up import bring_up
from rehearsal.cli.context import VariantCommand, exclusive, tick_option
from rehearsal.cli.main_job import MainJob
from rehearsal.cli.problems import Problem, Rejection
from rehearsal.cli.progress import Progress
from rehearsal.cli.report import show, write
from rehearsal.cli.take_down import take_down
from rehearsal.scenarios.model import load_common, load_scenarios
from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rehearsal.scenarios.model import Common, Scenario, SuiteName
    from rehearsal.settings import Settings


@click.command("all", cls=VariantCommand)
@click.option(
    "--only", multiple=True, metavar="NAME", help="Only this scenario or runbook. May be given several times."
)
@click.option(
    "--suite",
    type=click.Choice(["core", "full"]),
    default="core",
    show_default=True,
    help="Which scenarios, where --only names none: those of the main job, or all of them.",
)
@click.option("--keep", is_flag=True, help="Leave the cloud up afterwards, whatever came of it.")
@tick_option
def all_command(
    settings: Settings,
    variant: dict[str, str],
    only: tuple[str, ...],
    suite: SuiteName,
    *,
    keep: bool,
    tick_seconds: float | None,
) -> None:
    """The main job: bring everything up, rehearse runbooks, write the report, take everything down.

    The suite `core` is short, for every change: the scenarios that say `suite: core`. `--suite full` rehearses every
    runbook and takes several times as long; `--only` takes any scenario of either.

    A rehearsal that is up already is used as it is, once changes are deployed, and is left up. The report is printed,
    and written to build/rehearsal/report.json and report.html.

    Exit codes: 0 every scenario showed what it should; 1 one fell short, or the rehearsal did not come up; 2 the
    settings, a template or a scenario cannot be used.
    """
    started, progress = time.time(), Progress()
    common, scenarios = _scenarios(settings, only, suite)
    with exclusive(settings):
        up = bring_up(settings, variant, progress, keep_failed=keep, tick_seconds=tick_seconds)
        try:
            result = MainJob(settings, up, common, progress, started, is_full=suite == "full" and not only).run(
                scenarios
            )
            write(settings, result)
        finally:
            if not keep and not up.was_up:
                with progress.phase("Taking the rehearsal down"):
                    take_down(settings, progress, keep_log=True)
    show(settings)
    if not result.passed:
        raise Problem(
            "the rehearsal fell short of what it should show",
            next_step="./rehearse report --open has every check; ./rehearse all --only NAME --keep leaves hosts up.",
        )


def _scenarios(settings: Settings, only: Sequence[str], suite: SuiteName) -> tuple[Common, list[Scenario]]:
    if not settings.stacks:
        raise Rejection(
            f"{settings.path} has no stack, and scenarios operate its last one", next_step="Name it in [[stacks]]."
        )
    try:
        common = load_common(settings.scenarios)
        scenarios = load_scenarios(settings.scenarios, common, only, suite=suite)
    except ScenarioError as error:
        raise Rejection(str(error), next_step=f"Scenarios are in {settings.scenarios}.") from error
    if not scenarios:
        raise Rejection(
            f"{settings.scenarios} has no scenario of the suite {suite}",
            next_step="./rehearse all --suite full takes all; the main job takes those that say `suite: core`.",
        )
    return common, scenarios
