"""Ignoring a rule takes a reason."""

from __future__ import annotations

from rehearsal.documents.rule import Level, Problem, Rule, Subject


def check(_subject: Subject) -> list[Problem]:
    """Nothing here: the comments are judged after all rules have run, when it is known what they ignore."""
    return []


RULE = Rule(
    id="L006",
    level=Level.ERROR,
    summary="Every `# lint: ignore RULE reason` names a rule, gives a reason, and still ignores something.",
    why="An exception without its reason cannot be reviewed, and outlives what it was for.",
    source="https://github.com/koalaman/shellcheck/wiki/Ignore",
    check=check,
)
