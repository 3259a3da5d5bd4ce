"""`rehearse catalogue`: the library's pages, written from its sources and held to them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rehearsal.cli.context import settings_option
from rehearsal.cli.problems import FELL_SHORT, Rejection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.settings import Settings


@click.command("catalogue")
@click.option("--write", "mode", flag_value="write", help="Write the pages.")
@click.option(
    "--check", "mode", flag_value="check", default="check", help="Say which pages are not as the sources say."
)
@click.option("--record", is_flag=True, help="First take what a report measured in scenarios that passed; then write.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The report that --record takes; that of this checkout's last rehearsal otherwise.",
)
@click.option(
    "--templates",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="cloudformation",
    show_default=True,
    help="The folder of the templates with the library's roles and alarms.",
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="docs/catalogue",
    show_default=True,
    help="Where the catalogue is, with its groups.yaml.",
)
@settings_option
def catalogue_command(
    settings: Settings, mode: str, templates: Path, folder: Path, report: Path | None, *, record: bool
) -> None:
    """Write or check the catalogue: a page a runbook, an index, and the documents behind the runbooks.

    Everything on a page is from the documents, the templates, the registry of patterns and measurements.json. Exit
    codes: 0 the pages are as the sources say; 1 some are not; 2 the sources cannot be read or do not fit together.
    """
    from rehearsal.catalogue import CatalogueError, catalogue, read_sources  # noqa: PLC0415 - help must not wait for it

    try:
        if record:
            _record(report or settings.state_folder / "report.json", folder)
        library = [settings.documents, templates]
        pages = catalogue(read_sources(settings.path.parent, library, folder, settings.scenarios))
    except CatalogueError as error:
        raise Rejection(str(error)) from error
    if record or mode == "write":
        _write(folder, pages)
        return
    stale = _stale(folder, pages)
    for name in stale:
        click.echo(f"{folder / name} is not as the sources say")
    if stale:
        click.echo("./rehearse catalogue --write makes them anew")
        sys.exit(FELL_SHORT)


def _record(report: Path, folder: Path) -> None:
    from rehearsal.catalogue.measured import record  # noqa: PLC0415 - the same
    from rehearsal.catalogue.sources import MEASUREMENTS  # noqa: PLC0415

    taken, left = record(folder / MEASUREMENTS, report)
    click.echo(f"taken: {', '.join(taken) or 'nothing'}")
    if left:
        click.echo(f"left out, because they fell short: {', '.join(left)}")


def _write(folder: Path, pages: Mapping[str, str]) -> None:
    """Replace the pages; those of documents that are gone leave."""
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    click.echo(f"{len(pages)} pages are in {folder}")


def _stale(folder: Path, pages: Mapping[str, str]) -> list[str]:
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return sorted(name for name in {*there, *pages} if there.get(name) != pages.get(name))
