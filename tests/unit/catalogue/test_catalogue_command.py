"""`rehearse catalogue` at the terminal: what it writes, what it finds stale, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from rehearsal.cli.catalogue import catalogue_command

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

SETTINGS = """
name = "example"
documents = "documents"
[[stacks]]
name = "app"
template = "app.yaml"
"""
RUNBOOK = {
    "schemaVersion": "0.3",
    "description": "### What it does\nWaits.",
    "mainSteps": [{"name": "wait", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
}
MEASURED = {
    "scenario": "wait-a-while", "runbook": "Wait", "passed": True, "status": "Success", "duration_seconds": 1.0,
    "requests": 10, "lost": 0, "lost_seconds": 0.0, "baseline": None, "detected_after_seconds": None,
    "recovered_after_seconds": None, "tick_seconds": None, "date": "2026-11-23", "options": {},
}  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("documents", "cloudformation", "docs/catalogue"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "rehearsal.toml").write_text(SETTINGS)
    (tmp_path / "documents" / "Wait.json").write_text(json.dumps(RUNBOOK))
    (tmp_path / "docs" / "catalogue" / "groups.yaml").write_text("Waiting: [Wait]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rehearse(*arguments: str) -> Result:
    return CliRunner().invoke(catalogue_command, arguments)


def test_what_was_written_is_fresh_until_a_source_changes(checkout: Path) -> None:
    assert rehearse("--write").output == "3 pages are in docs/catalogue\n"
    assert (rehearse().exit_code, rehearse("--check").output) == (0, "")
    changed = {**RUNBOOK, "description": "### What it does\nWaits longer."}
    (checkout / "documents" / "Wait.json").write_text(json.dumps(changed))
    done = rehearse("--check")
    assert done.exit_code == 1
    assert "docs/catalogue/README.md is not as the sources say\ndocs/catalogue/Wait.md is not" in done.output
    assert "--write makes them anew" in done.output


def test_pages_of_documents_that_are_gone_are_stale_and_leave(checkout: Path) -> None:
    rehearse("--write")
    page = checkout / "docs" / "catalogue" / "Gone.md"
    page.write_text((page.parent / "Wait.md").read_text())
    assert "Gone.md is not as the sources say" in rehearse().output
    assert "removed Gone.md" in rehearse("--write").output
    assert not page.exists()


def test_what_somebody_else_wrote_is_left_alone(checkout: Path) -> None:
    folder = checkout / "docs" / "catalogue"
    (folder / "notes.md").write_text("# My notes\n")
    rehearse("--write")
    assert (rehearse("--check").exit_code, (folder / "notes.md").read_text()) == (0, "# My notes\n")
    (folder / "README.md").write_text("# By hand\n")
    done = rehearse("--write")
    assert (done.exit_code, (folder / "README.md").read_text()) == (2, "# By hand\n")
    assert "README.md was not written by this command" in done.output
    assert "--folder" in done.output


def test_it_works_from_a_folder_within(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout / "documents")
    assert rehearse("--write").output == f"3 pages are in {checkout}/docs/catalogue\n"
    monkeypatch.chdir(checkout)
    assert rehearse("--check").exit_code == 0


def test_a_folder_that_is_missing_is_named(checkout: Path) -> None:
    (checkout / "cloudformation").rmdir()
    done = rehearse("--write")
    assert done.exit_code == 2
    assert "there is no folder" in done.output
    assert "--templates" in done.output


def test_a_document_that_the_service_would_refuse_is_named(checkout: Path) -> None:
    (checkout / "documents" / "Wait.json").write_text(json.dumps({**RUNBOOK, "mainSteps": []}))
    done = rehearse("--write")
    assert done.exit_code == 2
    assert "Wait.json: CreateDocument would refuse it" in done.output
    assert "Traceback" not in done.output


def test_what_a_report_measured_is_recorded_and_shown(checkout: Path) -> None:
    state = checkout / "build" / "rehearsal"
    state.mkdir(parents=True)
    fell_short = {**MEASURED, "scenario": "wait-too-long", "passed": False}
    (state / "report.json").write_text(json.dumps({"measurements": [MEASURED, fell_short]}))
    done = rehearse("--record")
    assert "taken: wait-a-while\nleft out, because they fell short: wait-too-long\n" in done.output
    page = (checkout / "docs" / "catalogue" / "Wait.md").read_text()
    assert "wait-a-while" in page
    assert "wait-too-long" not in page
    assert rehearse("--check").exit_code == 0
    (checkout / "elsewhere.json").write_text(json.dumps({"measurements": [{**MEASURED, "requests": 4711}]}))
    rehearse("--record", "--report", "elsewhere.json")
    assert "4,711" in (checkout / "docs" / "catalogue" / "Wait.md").read_text()


def test_what_cannot_be_used_is_refused_by_name(checkout: Path) -> None:
    done = rehearse("--record")
    assert done.exit_code == 2
    assert "report.json holds no measurements" in done.output
    (checkout / "docs" / "catalogue" / "groups.yaml").write_text("Waiting: []\n")
    done = rehearse("--write")
    assert done.exit_code == 2
    assert "does not name Wait: put it where people would look for it" in done.output
