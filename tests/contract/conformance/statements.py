"""Statements of the reference that tests elsewhere show: the tables in `statements/`, and what became of those tests.

A table has `title`, the `folder` of its tests, and `statements`, each with `section` and `source` of the reference, the
`statement` and the names of the `tests` that show it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent / "statements"
ROOT = Path(__file__).parents[3]
_TEST = re.compile(r"^def (test_\w+)\(", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """One statement of the reference, and the names of the tests that show it."""

    section: str
    statement: str
    source: str
    tests: list[str]

    def result(self, outcomes: Mapping[str, str]) -> str:
        """Return "passed" when each test did, else what became of the first that did not."""
        results = [outcomes.get(test, "not run") for test in self.tests]
        return next((result for result in results if result != "passed"), "passed")


@dataclass(frozen=True)
class Table:
    """The statements about one part; `folder` holds their tests, relative to the root."""

    title: str
    folder: str
    statements: list[Statement]

    def tests_there(self) -> set[str]:
        """Return the names of all test functions in the folder."""
        return {name for path in (ROOT / self.folder).glob("test_*.py") for name in _TEST.findall(path.read_text())}

    def outcomes(self, report: Path) -> dict[str, str]:
        """Return "passed", "failed" or "skipped" a test function, of all its cases, from pytest's JUnit report."""
        if not report.exists():
            return {}
        found: dict[str, str] = {}
        for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written by pytest in this checkout
            if case.get("classname", "").rpartition(".")[0] != self.folder.replace("/", "."):
                continue
            name = case.get("name", "").partition("[")[0]
            result = "failed" if {"failure", "error"} & {child.tag for child in case} else "passed"
            result = "skipped" if case.find("skipped") is not None else result
            found[name] = result if found.get(name, "passed") == "passed" else found[name]
        return found


def all_tables() -> list[Table]:
    """Return the tables of `statements/`, by file name."""
    contents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))]
    return [
        Table(content["title"], content["folder"], [Statement(**entry) for entry in content["statements"]])
        for content in contents
    ]
