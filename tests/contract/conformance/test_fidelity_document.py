"""docs/fidelity.md lists every conformance case, every statement that other tests show, and every choice."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any


def generator() -> Any:
    path = Path(__file__).with_name("make_fidelity.py")
    spec = importlib.util.spec_from_file_location("make_fidelity", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_document_is_what_the_generator_writes_when_every_test_passes() -> None:
    make = generator()
    cases = make.load_cases()
    tables = {table.title: make.rows_of(table, _all_pass(table)) for table in make.load_tables()}
    choices = make.CHOICES.read_text(encoding="utf-8")
    expected = make.render(cases, dict.fromkeys((case.id for case in cases), "passed"), tables, choices)
    how = make.__doc__.partition("Run after")[2]
    assert make.TARGET.read_text(encoding="utf-8") == expected, f"run after{how}"


def _all_pass(table: Any) -> dict[str, str]:
    return dict.fromkeys((test for entry in table.statements for test in entry.tests), "passed")


def test_every_test_that_a_statement_names_exists() -> None:
    for table in generator().load_tables():
        named = {test for entry in table.statements for test in entry.tests}
        assert not named - table.tests_there(), f"{table.folder} does not have these tests"


def test_what_did_not_pass_is_shown_as_such(tmp_path: Path) -> None:
    make = generator()
    case = make.load_cases()[0]
    assert "0 of 1 statements hold" in make.render([case], {case.id: "failed"}, {}, "# Choices")
    assert "| failed |" in make.row(case, [case.id], "failed")

    table = make.load_tables()[0]
    first, second = (entry.tests[0] for entry in table.statements[:2])
    where = table.folder.replace("/", ".") + ".test_file"
    report = tmp_path / "report.xml"
    report.write_text(
        f'<testsuites><testsuite><testcase classname="{where}" name="{first}[a]"><failure/></testcase>'
        f'<testcase classname="{where}" name="{first}[b]"/><testcase classname="{where}" name="{second}"/>'
        '<testcase classname="tests.elsewhere.test_file" name="test_other"/></testsuite></testsuites>'
    )
    outcomes = table.outcomes(report)
    assert outcomes == {first: "failed", second: "passed"}
    assert [entry.result(outcomes) for entry in table.statements[:2]] == ["failed", "passed"]
    assert make.rows_of(table, {})[0].endswith("| not run |")
