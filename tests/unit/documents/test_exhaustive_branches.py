"""A branch without Default is not warned of where its choices leave no other case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rehearsal.documents.lint.collect import collect
from rehearsal.documents.lint.run import check

if TYPE_CHECKING:
    from pathlib import Path

DRILL = """\
schemaVersion: "0.3"
description: Tidies up after a drill.
parameters:
  Drill:
    type: Boolean
    description: Whether this is a drill.
  Loud:
    type: Boolean
    description: Whether to tell everybody.
mainSteps:
  - name: Choose
    action: aws:branch
    inputs:
      Choices:
        - Variable: "{{ Drill }}"
          BooleanEquals: true
          NextStep: TidyUp
        - Variable: "{{Drill}}"
          BooleanEquals: false
          NextStep: Finish
  - name: TidyUp
    action: aws:sleep
    inputs:
      Duration: PT1S
  - name: Finish
    action: aws:sleep
    inputs:
      Duration: PT1S
"""


def warned_of(tmp_path: Path, text: str) -> bool:
    path = tmp_path / "Drill.yaml"
    path.write_text(text)
    return any(finding.rule == "A039" for finding in check(collect([path])).findings)


@pytest.mark.parametrize(
    ("written", "instead"),
    [("", ""), ("BooleanEquals: true", 'BooleanEquals: "true"'), ("BooleanEquals: false", 'BooleanEquals: "False"')],
)
def test_true_and_false_of_one_variable_leave_nothing_to_fall_through(
    tmp_path: Path, written: str, instead: str
) -> None:
    assert not warned_of(tmp_path, DRILL.replace(written, instead) if written else DRILL)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("BooleanEquals: true", "BooleanEquals: false"),
        ('"{{Drill}}"', '"{{ Loud }}"'),
        ("BooleanEquals: false", "StringEquals: no-drill"),
        ("BooleanEquals: true", "Not:\n            Variable: '{{ Loud }}'\n            BooleanEquals: true"),
    ],
)
def test_choices_that_may_all_miss_are_warned_of(tmp_path: Path, written: str, instead: str) -> None:
    changed = DRILL.replace(written, instead)
    assert changed != DRILL
    assert warned_of(tmp_path, changed)
