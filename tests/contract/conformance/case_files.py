"""The conformance cases, read from the YAML files in `cases/`.

A case has: `id`, `statement`, `source`, `section` of the reference, `document` (schemaVersion is added), `more`
documents by name, `given` parameters, `start` and `create` (further members of those requests), `setup` and `do` (what
happens before and during the run), and `expect`. `<name>` in any text stands for a document's name, `<account>` and
`<region>` for the endpoint's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """One statement of the reference and the document that shows it."""

    id: str
    statement: str
    source: str
    section: str
    expect: dict[str, Any]
    document: dict[str, Any] = field(default_factory=dict)
    more: dict[str, dict[str, Any]] = field(default_factory=dict)
    given: dict[str, list[str]] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    create: dict[str, Any] = field(default_factory=dict)
    setup: list[dict[str, Any]] = field(default_factory=list)
    do: list[dict[str, Any]] = field(default_factory=list)


def all_cases() -> list[Case]:
    """Return every case; an id that occurs twice is an error."""
    cases = [Case(**entry) for path in sorted(FOLDER.glob("*.yaml")) for entry in yaml.safe_load(path.read_text())]
    ids = [case.id for case in cases]
    twice = {name for name in ids if ids.count(name) > 1}
    if twice:
        raise ValueError(f"case ids occur twice: {sorted(twice)}")
    return cases
