"""Writes docs/fidelity.md from the conformance cases, their last results and the list of choices.

Run after the cases: python tests/contract/conformance/make_fidelity.py
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
RESULTS = ROOT / "build" / "conformance.json"
CHOICES = ROOT / "docs" / "fidelity-choices.md"
TARGET = ROOT / "docs" / "fidelity.md"
HEAD = """# Fidelity

What AWS documents, or was seen to do, and the conformance case that shows it here. Each case is a small document,
started through boto3 against the endpoint; the answers are checked against botocore's models. Sources are those of the
reference: `UG` is the Systems Manager User Guide, `API` botocore's model, `CLI` the AWS CLI's samples, `OBS` captured
output of the service, `SIM` and `LINT` secondary sources, *choice* a decision listed below.

This file is generated: run `tests/contract/conformance/make_fidelity.py` after the cases.
"""


def load_cases() -> list[Any]:
    """Return the cases; their module lies beside this file, which is no package."""
    spec = importlib.util.spec_from_file_location("case_files", HERE / "case_files.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["case_files"] = module
    spec.loader.exec_module(module)
    return list(module.all_cases())


def row(case: Any, result: str) -> str:
    """Return one line of the table."""
    cells = [str(case.section), case.statement, case.source, f"`{case.id}`", result]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def render(cases: list[Any], results: dict[str, str], choices: str) -> str:
    """Return the whole file."""
    rows = [row(case, results.get(case.id, "not run")) for case in sorted(cases, key=_place)]
    table = "\n".join(["| § | statement | source | case | result |", "|---|---|---|---|---|", *rows])
    passed = sum(results.get(case.id) == "passed" for case in cases)
    summary = f"{passed} of {len(cases)} statements hold."
    lowered = choices.replace("\n## ", "\n### ").replace("# Choices", "## Choices", 1)
    return f"{HEAD}\n## Automation\n\n{summary}\n\n{table}\n\n{lowered.strip()}\n"


def _place(case: Any) -> tuple[list[tuple[int, str]], str]:
    first = str(case.section).split(",")[0].strip()
    return [(int(part), "") if part.isdigit() else (99, part) for part in first.split(".")], case.id


def main() -> int:
    """Write the file; 1 when results are missing or a case did not pass."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    cases = load_cases()
    TARGET.write_text(render(cases, results, CHOICES.read_text(encoding="utf-8")), encoding="utf-8")
    return int(any(results.get(case.id) != "passed" for case in cases))


if __name__ == "__main__":
    sys.exit(main())
