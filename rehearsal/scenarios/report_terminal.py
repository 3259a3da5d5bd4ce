"""The report on a terminal: a table of runbooks, and what fell short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType


def as_table(report: Mapping[str, Any]) -> RenderableType:
    """`report` is what `report.as_json` gives; a baseline is a row below its runbook, for the comparison."""
    table = Table(title_justify="left", title=_title(report))
    for column in ("Runbook", "Result"):
        table.add_column(column)
    for column in ("Seconds", "Requests", "Lost", "Lost for", "p50 ms", "p99 ms"):
        table.add_column(column, justify="right")
    for runbook in report["runbooks"]:
        style = "green" if runbook["passed"] else "bold red"
        result = "passed" if runbook["passed"] else "fell short"
        table.add_row(
            f"{runbook['name']} ({runbook['scenario']})",
            Text(f"{result}, {runbook['status']}", style),
            *_figures(runbook["seconds"], runbook["requests"]),
        )
        if baseline := runbook["baseline"]:
            figures = _figures(baseline["seconds"], baseline["requests"])
            table.add_row(Text(f"  instead of: {baseline['description']}", "dim"), Text("baseline", "dim"), *figures)
    return Group(table, *_shortfalls(report))


def _title(report: Mapping[str, Any]) -> Text:
    verdict = "passed" if report["passed"] else "fell short"
    variant = ", ".join(f"{name} {choice}" for name, choice in report["variant"].items())
    text = f"Rehearsal {verdict} in {report['seconds']:.0f} s" + (f" ({variant})" if variant else "")
    return Text(text, "bold green" if report["passed"] else "bold red")


def _figures(seconds: float | None, requests: Mapping[str, Any] | None) -> tuple[str, ...]:
    if requests is None:
        return (_number(seconds, 1), "", "", "", "", "")
    lost_for = "" if requests["lost_seconds"] is None else f"{requests['lost_seconds']:.1f} s"
    counts = (str(requests["sent"]), str(requests["lost"]), lost_for)
    return (_number(seconds, 1), *counts, _number(requests["p50_ms"], 1), _number(requests["p99_ms"], 1))


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _shortfalls(report: Mapping[str, Any]) -> Iterator[Text]:
    for owner, checks in (
        ("the rehearsal", report["checks"]),
        *((runbook["scenario"], runbook["checks"]) for runbook in report["runbooks"]),
    ):
        passed = sum(check["passed"] for check in checks)
        yield Text(f"{owner}: {passed} of {len(checks)} checks passed", "dim")
        for check in checks:
            if not check["passed"]:
                yield Text(f"  ✗ {check['name']}: {check['detail']}", "red")
