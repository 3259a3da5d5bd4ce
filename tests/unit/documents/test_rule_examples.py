"""Every rule is shown by a document that keeps it and by one that breaks it, also through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.documents.lint.collect import collect
from rehearsal.documents.lint.run import check
from rehearsal.documents.registry import all_rules, rule_folders
from rehearsal.documents.rule import LibraryRule, Rule

if TYPE_CHECKING:
    from pathlib import Path

RULES = list(zip(rule_folders(), all_rules(), strict=True))


def example(folder: Path, kind: str) -> Path:
    """A file, or a folder for rules that look at several documents."""
    return folder / kind if (folder / kind).is_dir() else folder / f"{kind}.yaml"


def run_lint(*arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "rehearsal.documents", "lint", "--format", "json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize(("folder", "rule"), RULES, ids=[rule.id for rule in all_rules()])
def test_the_good_example_keeps_every_rule_and_the_bad_one_breaks_its_own(
    folder: Path, rule: Rule | LibraryRule
) -> None:
    good = check(collect([example(folder, "good")]))
    assert good.documents >= 1
    assert [(finding.rule, finding.message) for finding in good.findings] == []
    bad = check(collect([example(folder, "bad")]))
    own = [finding for finding in bad.findings if finding.rule == rule.id]
    assert own
    assert all(finding.source_line or not finding.where for finding in own)


def test_the_command_line_finds_every_bad_example_of_single_documents() -> None:
    alone = [(folder, rule) for folder, rule in RULES if not (folder / "bad").is_dir() and rule.id != "L013"]
    code, report = run_lint(*(str(folder / "bad.yaml") for folder, _ in alone))
    assert code == 1
    assert report["errors"] > 0
    found = {(finding["path"], finding["rule"]) for finding in report["findings"]}
    assert [rule.id for folder, rule in alone if (str(folder / "bad.yaml"), rule.id) not in found] == []


@pytest.mark.parametrize(
    ("folder", "rule"),
    [(folder, rule) for folder, rule in RULES if (folder / "bad").is_dir() or rule.id == "L013"],
    ids=lambda value: value.id if isinstance(value, Rule | LibraryRule) else "",
)
def test_the_command_line_finds_every_bad_example_of_a_library(folder: Path, rule: LibraryRule) -> None:
    code, report = run_lint("--skip", "C010", str(example(folder, "bad")))
    assert rule.id in {finding["rule"] for finding in report["findings"]}
    assert code == (1 if report["errors"] else 0)


def test_the_command_line_is_silent_about_a_good_example() -> None:
    code, report = run_lint(str(RULES[0][0] / "good.yaml"))
    assert (code, report) == (0, {"documents": 1, "errors": 0, "warnings": 0, "findings": []})


def test_rules_say_what_why_and_where_from() -> None:
    for rule in all_rules():
        assert rule.summary.endswith(".")
        assert rule.why.endswith(".")
        assert rule.source.startswith("https://")
    assert len({rule.id for rule in all_rules()}) == len(all_rules())
