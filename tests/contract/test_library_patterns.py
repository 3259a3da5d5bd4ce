"""Every allowedPattern of the library is in ssm_documents/patterns.yaml, and does there what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.documents import load_document

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted((ROOT / "ssm_documents").glob("*/FlaskOps-*.yaml"))
REGISTRY: dict[str, Any] = yaml.safe_load((ROOT / "ssm_documents" / "patterns.yaml").read_text(encoding="utf-8"))
HOSTILE = (
    "$(touch /tmp/canary)",
    "`id`",
    "a;id",
    "a|id",
    "a&&id",
    "'",
    '"',
    "\\",
    "a\nb",
    "{{ StackName }}",
    "--help",
    "é",
    "\u202e",
    "x" * 4096,
)


def accepts(pattern: str, text: str) -> bool:
    """Match as the agent's Go does: `$` is the very end of the text (Python's forgives a newline after it)."""
    return re.search(re.sub(r"\$$", r"\\Z", pattern), text) is not None


def has_bare_alternatives(pattern: str) -> bool:
    depth = 0
    for character in re.sub(r"\[[^]]*\]", "", pattern):
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            return True
    return False


def used_patterns() -> set[str]:
    return {
        parameter["allowedPattern"]
        for path in DOCUMENTS
        for parameter in load_document(path).content.get("parameters", {}).values()
        if "allowedPattern" in parameter
    }


def test_the_registry_and_the_documents_hold_the_same_patterns() -> None:
    assert used_patterns() == set(REGISTRY)


@pytest.mark.parametrize("pattern", sorted(REGISTRY))
def test_a_pattern_accepts_the_good_and_refuses_the_bad(pattern: str) -> None:
    examples = REGISTRY[pattern]
    assert [text for text in examples["good"] if not accepts(pattern, text)] == []
    assert [text for text in examples["bad"] if accepts(pattern, text)] == []


@pytest.mark.parametrize("pattern", sorted(REGISTRY))
def test_a_pattern_is_anchored_and_refuses_every_hostile_string(pattern: str) -> None:
    assert pattern.startswith("^")
    assert pattern.endswith("$")
    assert "(?" not in pattern, "look-around and inline flags are not the same in Java, Go and Python"
    assert not has_bare_alternatives(pattern), "`^a|b$` anchors each side once only: put the alternatives in a group"
    assert [text for text in HOSTILE if accepts(pattern, text)] == []
