"""`report.html`: the report as one page that needs nothing else, to be read, kept and sent."""

from __future__ import annotations

from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2

from rehearsal.scenarios.chart import Chart, draw

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE = "report.html.j2"


def as_html(report: Mapping[str, Any]) -> str:
    """`report` is what `report.as_json` gives."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = _number
    template = environment.from_string(resources.files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8"))
    return template.render(
        report=report,
        started=datetime.fromtimestamp(report["started"]).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z"),
        charts=[_charts(runbook) for runbook in report["runbooks"]],
    )


def _charts(runbook: Mapping[str, Any]) -> dict[str, Chart | None]:
    requests, baseline = runbook["requests"], runbook["baseline"]
    marks = [*runbook["steps"], *_detected(runbook["detection"])]
    own = draw(requests["timeline"], requests["bucket_seconds"], marks) if requests else None
    if baseline is None:
        return {"run": own, "baseline": None}
    command = {
        "name": "the former command",
        "action": baseline["command"],
        "status": "Success",
        "started": baseline["started"],
        "ended": baseline["started"] + baseline["seconds"],
        "seconds": baseline["seconds"],
    }
    figures = baseline["requests"]
    return {"run": own, "baseline": draw(figures["timeline"], figures["bucket_seconds"], [command])}


def _detected(detection: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The fault and each alarm's time in ALARM, as marks of the chart."""
    if detection is None:
        return []
    fault, undone = detection["fault"], detection["undone"]
    marks = [_mark("the fault", "Fault", fault, undone)]
    for alarm in detection["alarms"]:
        if alarm["detected_after"] is not None and alarm["recovered_after"] is not None:
            began, ended = fault + alarm["detected_after"], undone + alarm["recovered_after"]
            marks.append(_mark(alarm["name"], "ALARM", began, ended))
    return marks


def _mark(name: str, status: str, started: float | None, ended: float | None) -> dict[str, Any]:
    seconds = None if started is None or ended is None else round(ended - started, 2)
    action = "of the drill" if status == "Fault" else "alarm"
    return {
        "name": name,
        "action": action,
        "status": status,
        "started": started,
        "ended": ended,
        "seconds": seconds,
    }


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"
