"""Writes docs/fidelity.md from the conformance cases, the statements that other tests show, their last results and
the list of choices.

Run after the tests:
pytest tests/contract/conformance tests/unit/{agent,automation,cloud} --junitxml build/statements.xml
python tests/contract/conformance/make_fidelity.py
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
RESULTS = ROOT / "build" / "conformance.json"
REPORT = ROOT / "build" / "statements.xml"
CHOICES = ROOT / "docs" / "fidelity-choices.md"
TARGET = ROOT / "docs" / "fidelity.md"
HEAD = """# Fidelity

What AWS documents, or was seen to do, and the test that shows it here. In the first table each case is a small
document, started through boto3 against the endpoint; the answers are checked against botocore's models. The other
tables name tests of the agent, the engine and the endpoint. `UG:page` and `UG2:page` are pages of the Systems Manager
User Guide (https://docs.aws.amazon.com/systems-manager/latest/userguide/page.html), `UG23` its edition of May 2023,
`API` botocore's model, `CLI` the AWS CLI's samples, `OBS` captured output of the service, `T` seen when the genuine
agent ran, a file's name the agent's own source, `SIM` and `LINT` secondary sources, `CFN` CloudFormation's reference,
*choice* a decision listed below. `§` counts the paragraphs of the notes in which these sources were gathered, as
comments in the code do; the notes themselves are not in this repository.

This file is generated: `tests/contract/conformance/make_fidelity.py` says how.
"""


def _sibling(name: str) -> Any:
    """Load a module beside this file, which is no package."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_cases() -> list[Any]:
    """Return the conformance cases."""
    return list(_sibling("case_files").all_cases())


def load_tables() -> list[Any]:
    """Return the tables of statements that other tests show."""
    return list(_sibling("statements").all_tables())


def row(statement: Any, shown_by: list[str], result: str) -> str:
    """Return one line of a table."""
    tests = ", ".join(f"`{name}`" for name in shown_by)
    cells = [str(statement.section), statement.statement, statement.source, tests, result]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def section(title: str, column: str, rows: list[str]) -> str:
    """Return a table under its title, with how many of its statements hold."""
    held = sum(line.endswith("| passed |") for line in rows)
    head = f"| § | statement | source | {column} | result |\n|---|---|---|---|---|"
    return "\n".join([f"## {title}\n\n{held} of {len(rows)} statements hold.\n\n{head}", *rows]) + "\n"


def render(cases: list[Any], results: Mapping[str, str], tables: Mapping[str, list[str]], choices: str) -> str:
    """Return the whole file. `tables` has the lines of each further table by its title."""
    rows = [row(case, [case.id], results.get(case.id, "not run")) for case in sorted(cases, key=_place)]
    sections = [section("Automation", "case", rows), *(section(title, "tests", tables[title]) for title in tables)]
    lowered = choices.replace("\n## ", "\n### ").replace("# Choices", "## Choices", 1)
    lowered = lowered.replace("\n### What is not there", "\n## What is not there", 1)
    return "\n".join([HEAD, *sections, f"{lowered.strip()}\n"])


def rows_of(table: Any, outcomes: Mapping[str, str]) -> list[str]:
    """Return the lines of a table, given what became of each test function."""
    return [row(entry, entry.tests, entry.result(outcomes)) for entry in table.statements]


def _place(case: Any) -> tuple[list[tuple[int, str]], str]:
    first = str(case.section).split(",")[0].strip()
    return [(int(part), "") if part.isdigit() else (99, part) for part in first.split(".")], case.id


def main() -> int:
    """Write the file; 1 when results are missing or a test did not pass."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    tables = {table.title: rows_of(table, table.outcomes(REPORT)) for table in load_tables()}
    cases = load_cases()
    TARGET.write_text(render(cases, results, tables, CHOICES.read_text(encoding="utf-8")), encoding="utf-8")
    lines = [line for rows in tables.values() for line in rows]
    held = all(line.endswith("| passed |") for line in lines)
    return int(not held or any(results.get(case.id) != "passed" for case in cases))


if __name__ == "__main__":
    sys.exit(main())
