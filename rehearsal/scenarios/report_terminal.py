"""The report on a terminal: a table of runbooks, and the proofs beside their runs, and what fell short."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType

ABORTED = {"stop": "stopped", "kill-agent": "agent killed"}


def as_table(report: Mapping[str, Any]) -> RenderableType:
    """`report` is what `report.as_json` gives. Tables that would be empty are left out."""
    tables = [_runbooks(report), _former(report), _aborts(report), _detections(report), _roles(report)]
    return Group(*(table for table in tables if table.row_count), *_shortfalls(report))


def _runbooks(report: Mapping[str, Any]) -> Table:
    table = _table(
        _title(report), "Runbook", "Result", "Seconds:", "Requests:", "Lost:", "Lost for:", "p50 ms:", "p99 ms:"
    )
    for runbook in report["runbooks"]:
        style = "green" if runbook["passed"] else "bold red"
        result = "passed" if runbook["passed"] else "fell short"
        requests = runbook["requests"] or {}
        table.add_row(
            f"{runbook['name']} ({runbook['scenario']})",
            Text(f"{result}, {runbook['status']}", style),
            _number(runbook["seconds"]),
            *_loss(runbook["requests"]),
            _number(requests.get("p50_ms")),
            _number(requests.get("p99_ms")),
        )
    return table


def _former(report: Mapping[str, Any]) -> Table:
    title = Text("What the runbook loses, and what the former commands lost under the same load", "bold")
    columns = ("Requests:", "Lost:", "Lost for:")
    table = _table(title, "Scenario", *columns, "Former commands", *columns)
    for runbook in report["runbooks"]:
        if baseline := runbook["baseline"]:
            former = _loss(baseline["requests"])
            table.add_row(runbook["scenario"], *_loss(runbook["requests"]), baseline["description"], *former)
    return table


def _aborts(report: Mapping[str, Any]) -> Table:
    title = Text("Aborted at each step: what became of steady state", "bold")
    table = _table(title, "Scenario", "How", "Times:", "Held:", "Restored by one more run:", "Broken:")
    for runbook in report["runbooks"]:
        for by, words in ABORTED.items():
            outcomes = Counter(abort["outcome"] for abort in runbook["aborts"] if abort["by"] == by)
            if outcomes:
                broken = Text(str(outcomes["broken"]), "bold red" if outcomes["broken"] else "green")
                counts = (str(outcomes.total()), str(outcomes["holds"]), str(outcomes["restored"]))
                table.add_row(runbook["scenario"], words, *counts, broken)
    return table


def _detections(report: Mapping[str, Any]) -> Table:
    tick = report["tick_seconds"]
    title = Text("Detection" + (f" (a minute of alarms and schedules lasted {tick:g} s)" if tick else ""), "bold")
    table = _table(title, "Scenario", "Alarm", "Went", "Noticed after:", "Well again after:")
    for runbook in report["runbooks"]:
        for alarm in (runbook["detection"] or {"alarms": []})["alarms"]:
            table.add_row(
                runbook["scenario"],
                alarm["name"],
                " → ".join(alarm["states"]),
                _ticks(alarm["detected_after"], alarm["detected_after_ticks"]),
                _ticks(alarm["recovered_after"], alarm["recovered_after_ticks"]),
            )
    return table


def _roles(report: Mapping[str, Any]) -> Table:
    table = _table(Text("Roles", "bold"), "Role", "Runbooks'", "Used:", "Unused:", "Denied:")
    for role in report["roles"]:
        counts = [str(len(role[key])) for key in ("used", "unused", "denied")]
        table.add_row(role["role"].rpartition("/")[2], "yes" if role["is_automation"] else "no", *counts)
    return table


def _table(title: Text, *columns: str) -> Table:
    """A column whose name ends in a colon is one of figures."""
    table = Table(title_justify="left", title=title)
    for column in columns:
        table.add_column(column.rstrip(":"), justify="right" if column.endswith(":") else "left")
    return table


def _title(report: Mapping[str, Any]) -> Text:
    verdict = "passed" if report["passed"] else "fell short"
    variant = ", ".join(f"{name} {choice}" for name, choice in report["variant"].items())
    text = f"Rehearsal {verdict} in {report['seconds']:.0f} s" + (f" ({variant})" if variant else "")
    return Text(text, "bold green" if report["passed"] else "bold red")


def _loss(requests: Mapping[str, Any] | None) -> tuple[str, str, str]:
    if requests is None:
        return ("", "", "")
    lost_for = "" if requests["lost_seconds"] is None else f"{requests['lost_seconds']:.1f} s"
    return (str(requests["sent"]), str(requests["lost"]), lost_for)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _ticks(seconds: float | None, ticks: float | None) -> str:
    return "never" if seconds is None or ticks is None else f"{seconds:.1f} s ({ticks:.1f} ticks)"


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
