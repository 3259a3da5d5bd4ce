"""`rehearse report`, and the files behind it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from rehearsal.cli.context import settings_option
from rehearsal.cli.problems import FELL_SHORT, Rejection
from rehearsal.cli.tables import console
from rehearsal.scenarios.report import FORMAT, as_json
from rehearsal.scenarios.report_html import as_html
from rehearsal.scenarios.report_terminal import as_table

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsal.scenarios.results import RehearsalResult
    from rehearsal.settings import Settings


@click.command("report")
@click.option("--open", "open_page", is_flag=True, help="Open report.html in the browser.")
@click.option("--json", "as_json", is_flag=True, help="Print report.json.")
@settings_option
def report_command(settings: Settings, *, open_page: bool, as_json: bool) -> None:
    """Print the last report, or open it in the browser.

    Exit codes: 0 the rehearsal passed; 1 it fell short; 2 there is no report, or one of another version. With --json
    and --open 0 when there is a report.
    """
    if open_page:
        _report_file(settings)
        click.launch(str(settings.state_folder / "report.html"))
        return
    if as_json:
        click.echo(_report_file(settings).read_text(encoding="utf-8"), nl=False)
        return
    if not show(settings):
        sys.exit(FELL_SHORT)


def show(settings: Settings) -> bool:
    """Print the last report as a table on standard output. Whether it passed."""
    report = _read(_report_file(settings))
    console().print(as_table(report))
    click.echo(f"Report: {settings.state_folder / 'report.html'}")
    return bool(report["passed"])


def write(settings: Settings, result: RehearsalResult) -> None:
    """report.json and report.html, replacing those of the rehearsal before."""
    settings.state_folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts_of(result).items():
        (settings.state_folder / name).write_text(text, encoding="utf-8")


def texts_of(result: RehearsalResult) -> dict[str, str]:
    """The report's files by name."""
    report: dict[str, Any] = as_json(result)
    return {"report.json": json.dumps(report, indent=1, ensure_ascii=False) + "\n", "report.html": as_html(report)}


def _read(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        report = None
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        raise Rejection(
            f"{path} is not a report of this version",
            next_step="./rehearse all writes a new one; ./rehearse report --open shows the page that came with it.",
        )
    return report


def _report_file(settings: Settings) -> Path:
    path = settings.state_folder / "report.json"
    if not path.is_file():
        raise Rejection("there is no report yet", next_step="./rehearse all")
    return path
