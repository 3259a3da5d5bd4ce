"""What holds for every tracked file, whatever it is for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\bfor now\b", re.IGNORECASE)
# Real access keys are base 32, so a made-up one with a 0 in it is plainly made up; AWS's own examples end in EXAMPLE.
SECRET = re.compile(r"AKIA(?![A-Z2-7]*EXAMPLE)[A-Z2-7]{16}|^-----BEGIN (RSA |EC )?PRIVATE KEY-----\s*$")


def _tracked_texts() -> list[tuple[Path, str]]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    texts = []
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if not path.is_file() or path.is_symlink():
            continue
        try:
            texts.append((path.relative_to(ROOT), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    assert texts, "git lists no files: is this a checkout?"
    return texts


def _lines_matching(pattern: re.Pattern[str], *, skip: set[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in _tracked_texts()
        if str(path) not in skip
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_nothing_is_left_unfinished() -> None:
    # These name the words in order to forbid them, or carry hashes and licence text.
    skip = {"tests/contract/test_tree.py", "pyproject.toml", "CONTRIBUTING.md", "LICENSE", "requirements.lock"}
    assert _lines_matching(UNFINISHED, skip=skip) == []


def test_no_secret_is_committed() -> None:
    assert _lines_matching(SECRET, skip={"tests/contract/test_tree.py"}) == []


def test_the_decisions_are_short_and_complete() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for heading in ("## Context", "## Decision", "## Consequence"):
            assert heading in text, f"{page.relative_to(ROOT)} lacks {heading!r}"
        assert len(text.splitlines()) <= 60, f"{page.relative_to(ROOT)} is longer than a page"
