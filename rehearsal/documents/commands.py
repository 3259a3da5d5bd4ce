"""``lint`` and ``plan`` as commands of the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rehearsal.documents.given import FORMS, GivenError, read_parameters

EXIT_ERRORS = 1


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="How to report.",
)
@click.option("--only", multiple=True, metavar="RULE", help="Run this rule only; may be given several times.")
@click.option("--skip", multiple=True, metavar="RULE", help="Leave this rule out; may be given several times.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes to use; as many as there are processors otherwise.")
def lint(paths: tuple[Path, ...], output_format: str, only: tuple[str, ...], skip: tuple[str, ...], jobs: int) -> None:
    """Check SSM documents: files, folders, CloudFormation templates with documents in them.

    Exit code 0: no errors. 1: errors. 2: wrong usage. Rules that look at a whole library (calls between documents,
    permissions, patterns) see what is given here: give the folder of documents and the template together.
    """
    from rehearsal.documents.lint.collect import collect  # noqa: PLC0415 - the help must not wait for the rules
    from rehearsal.documents.lint.report import render  # noqa: PLC0415
    from rehearsal.documents.lint.run import Selection, check  # noqa: PLC0415
    from rehearsal.documents.registry import all_rules  # noqa: PLC0415
    from rehearsal.documents.rule import Level  # noqa: PLC0415
    from rehearsal.documents.shellcheck import ShellcheckError  # noqa: PLC0415

    known = {rule.id for rule in all_rules()}
    for rule in (*only, *skip):
        if rule not in known:
            raise click.UsageError(f'there is no rule "{rule}"; docs/rules.md lists them')
    found = collect(paths)
    if not found.documents and not found.failures and not found.templates:
        raise click.UsageError(f"no SSM document in {', '.join(str(path) for path in paths)}")
    try:
        result = check(found, Selection(frozenset(only), frozenset(skip)), jobs)
    except ShellcheckError as error:
        raise click.UsageError(str(error)) from error
    _write(render(result, output_format))
    if result.count(Level.ERROR):
        raise SystemExit(EXIT_ERRORS)


@click.command()
@click.argument("runbook", metavar="RUNBOOK")
@click.option("--parameters", "given", default="", metavar=FORMS, help="Values to plan with, as `run` takes them.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "mermaid"]),
    default="text",
    show_default=True,
    help="How to show the plan.",
)
@click.option(
    "--library",
    type=click.Path(file_okay=False, path_type=Path),
    default="ssm_documents",
    help="Where a runbook given by name is looked for. Default: the documents of rehearsal.toml, else ssm_documents.",
)
def plan(runbook: str, given: str, output_format: str, library: Path) -> None:
    """Show what RUNBOOK (a file, or the name of a document in the library) would do, without running it.

    Every step in order, with the inputs that are known before the run; values that only the run will have are shown as
    <step.Output>. Exit code 0: planned. 1: it would not start: the service would refuse the document, or a value that
    is given. 2: wrong usage. Required parameters that are not given are no fault here; the plan lists them.
    """
    from rehearsal.documents.loading import load_document  # noqa: PLC0415 - the help must not wait for it
    from rehearsal.documents.model import DocumentError  # noqa: PLC0415
    from rehearsal.documents.plan import PlanError, plan_runbook  # noqa: PLC0415
    from rehearsal.documents.plan.render import plan_as_json, plan_as_mermaid, render_plan  # noqa: PLC0415

    render = {"text": render_plan, "json": plan_as_json, "mermaid": plan_as_mermaid}[output_format]
    path = _runbook_file(runbook, library)
    try:
        parameters = read_parameters(given)
    except GivenError as error:
        raise click.BadParameter(str(error), param_hint="--parameters") from error
    try:
        _write(render(plan_runbook(load_document(path), parameters)))
    except (DocumentError, PlanError) as error:
        raise click.ClickException(str(error)) from error


def _runbook_file(runbook: str, library: Path) -> Path:
    if Path(runbook).is_file():
        return Path(runbook)
    from rehearsal.documents.suggest import did_you_mean  # noqa: PLC0415 - as above

    documents = sorted(path for path in library.rglob("*") if path.suffix in {".yaml", ".yml", ".json"})
    found = [path for path in documents if path.stem == runbook]
    if not found:
        near = did_you_mean(runbook, {path.stem for path in documents}) or "; --library names another folder"
        raise click.UsageError(f"there is no runbook {runbook}, as a file or in {library}{near}")
    return found[0]


def _write(text: str) -> None:
    """Documents may hold characters that the terminal's encoding has not: they are shown escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False)
