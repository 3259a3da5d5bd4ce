"""What rehearsals measured of runbooks, kept beside the catalogue in `measurements.json`.

A record is one of `measurements` in report.json: `scenario`, `runbook`, `passed`, `status`, `duration_seconds`,
`requests`, `lost`, `lost_seconds`, `baseline`, `detected_after_seconds`, `recovered_after_seconds`, `date`, `options`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.catalogue.sources import CatalogueError, check_records, read_measurements
from rehearsal.catalogue.texts import NOTHING, duration, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One scenario of a runbook as texts: what it cost, and what the former way of doing it cost in the same run."""

    scenario: str
    options: str
    status: str
    took: str
    requests: str
    lost: str
    away: str
    former: str
    former_way: str
    noticed: str
    date: str


def rows(records: Iterable[Mapping[str, Any]], runbook: str) -> list[Row]:
    """The rows of a runbook, by scenario and options."""
    mine = [record for record in records if record["runbook"] == runbook]
    return [_row(record) for record in sorted(mine, key=_key)]


def record(path: Path, report: Path) -> tuple[list[str], list[str]]:
    """Take the measurements of a report into `path`, each in the place of an earlier one of its scenario and options.

    Gives the scenarios that were taken, and those that fell short, which show nothing of the library and are left out.
    Raises CatalogueError when the report cannot be read.
    """
    try:
        measured = json.loads(report.read_text(encoding="utf-8"))["measurements"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CatalogueError(f"{report} holds no measurements ({error}): run ./rehearse all first") from error
    check_records(measured, report)
    kept = {_key(entry): entry for entry in read_measurements(path)}
    passed = [entry for entry in measured if entry["passed"]]
    kept.update({_key(entry): entry for entry in passed})
    text = json.dumps([kept[key] for key in sorted(kept)], indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return [entry["scenario"] for entry in passed], [entry["scenario"] for entry in measured if not entry["passed"]]


def _key(entry: Mapping[str, Any]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return entry["runbook"], entry["scenario"], tuple(sorted(entry.get("options", {}).items()))


def _row(entry: Mapping[str, Any]) -> Row:
    baseline = entry.get("baseline") or {}
    detected, recovered = entry.get("detected_after_seconds"), entry.get("recovered_after_seconds")
    return Row(
        scenario=entry["scenario"],
        options=", ".join(entry.get("options", {}).values()),
        # What is kept has passed: a scenario may be about a failure.
        status=entry["status"] if entry["status"] == "Success" else f"{entry['status']}, as it should",
        took=duration(entry["duration_seconds"]),
        requests=number(entry["requests"]),
        lost=number(entry["lost"]),
        away=duration(entry["lost_seconds"]),
        former=f"{number(baseline.get('lost'))} in {duration(baseline.get('lost_seconds'))}" if baseline else NOTHING,
        former_way=str(baseline.get("description", "")),
        noticed=f"{duration(detected)} / {duration(recovered)}" if detected is not None else "",
        date=entry["date"],
    )
