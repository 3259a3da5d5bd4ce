"""docs/fidelity.md lists every conformance case and every choice."""

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


def test_the_document_is_what_the_generator_writes_when_every_case_passes() -> None:
    make = generator()
    cases = make.load_cases()
    choices = make.CHOICES.read_text(encoding="utf-8")
    expected = make.render(cases, dict.fromkeys((case.id for case in cases), "passed"), choices)
    assert make.TARGET.read_text(encoding="utf-8") == expected, "run tests/contract/conformance/make_fidelity.py"


def test_a_case_that_did_not_pass_is_shown_as_such() -> None:
    make = generator()
    case = make.load_cases()[0]
    assert "0 of 1 statements hold" in make.render([case], {case.id: "failed"}, "# Choices")
    assert "| failed |" in make.row(case, "failed")
