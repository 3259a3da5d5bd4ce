"""Files can be read."""

from __future__ import annotations

from rehearsal.documents.rule import Level, Problem, Rule, Subject


def check(_subject: Subject) -> list[Problem]:
    """Nothing: a document that could be read keeps this rule. What could not is reported by the reader itself."""
    return []


RULE = Rule(
    id="L001",
    level=Level.ERROR,
    summary="A document is well-formed, without duplicate keys, and its !file scripts exist in the repository.",
    why="Most readers keep the last of two equal keys in silence, so half of what was written never runs.",
    source="https://yaml.org/spec/1.2.2/#3213-node-comparison",
    check=check,
)
