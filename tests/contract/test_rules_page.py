"""docs/rules.md says what the rules say, and the library keeps them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

from rehearsal.documents.lint.collect import collect
from rehearsal.documents.lint.run import check
from rehearsal.documents.lint.text import render_text
from rehearsal.documents.registry import rule_folders
from rehearsal.documents.rule import Level
from rehearsal.documents.rules_page import rules_page

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_rules_is_the_one_that_the_rules_make() -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert page == rules_page(), "run: python -m rehearsal.documents.rules_page > docs/rules.md"


def test_every_rule_has_its_examples_beside_it() -> None:
    for folder in rule_folders():
        for kind in ("good", "bad"):
            assert (folder / kind).is_dir() or (folder / f"{kind}.yaml").is_file(), (
                f"{folder.name} has no {kind} example"
            )


def test_the_library_has_no_errors() -> None:
    result = check(collect([ROOT / "ssm_documents", ROOT / "cloudformation"]))
    errors = [
        f"{found.place}: {found.rule}: {found.message}" for found in result.findings if found.level is Level.ERROR
    ]
    assert result.documents > 0
    assert errors == []


def test_the_library_has_a_registry_of_its_patterns() -> None:
    found = collect([ROOT / "ssm_documents"])
    assert len(found.registries) == 1, "ssm_documents/patterns.yaml: good and bad strings for every allowedPattern"


def test_the_pre_commit_hook_runs_the_checker() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, *arguments = hook["entry"].split()
    assert program == "python"
    example = next(folder for folder in rule_folders() if folder.name.startswith("a008")) / "bad.yaml"
    done = subprocess.run([sys.executable, *arguments, str(example)], capture_output=True, text=True, check=False)
    assert (done.returncode, "A008" in done.stdout) == (1, True)


def test_the_problem_matcher_reads_what_the_checker_prints() -> None:
    matcher = json.loads((ROOT / ".github" / "rehearse-lint-matcher.json").read_text(encoding="utf-8"))
    pattern = matcher["problemMatcher"][0]["pattern"][0]
    folder = next(folder for folder in rule_folders() if folder.name.startswith("a008"))
    text = render_text(check(collect([folder / "bad.yaml"])))
    match = re.search(pattern["regexp"], text, re.MULTILINE)
    assert match is not None
    found = {key: match[pattern[key]] for key in ("file", "line", "severity", "code")}
    assert found == {"file": str(folder / "bad.yaml"), "line": "7", "severity": "error", "code": "A008"}
