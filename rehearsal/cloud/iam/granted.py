"""Which actions policies grant at all, whatever the resources and conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.cloud.iam.policy import action_matches
from rehearsal.cloud.iam.reference import actions_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rehearsal.cloud.iam.policy import Policy


def granted_actions(policies: Iterable[Policy]) -> list[str]:
    """Return the actions of every Allow, wildcards expanded, in alphabetical order.

    `Action: "*"` and NotAction grant everything that there is; they yield the single entry `*:*`.
    """
    granted: set[str] = set()
    for policy in policies:
        for statement in policy.statements:
            if statement.get("Effect") != "Allow":
                continue
            patterns = statement.get("Action", "*")
            for pattern in patterns if isinstance(patterns, list) else [patterns]:
                granted.update(_expand(pattern))
    return sorted(granted)


def _expand(pattern: Any) -> set[str]:
    prefix, _, name = str(pattern).partition(":")
    if "*" in prefix or not name:
        return {"*:*"}
    if "*" not in name and "?" not in name:
        return {f"{prefix}:{name}"}
    actions = {f"{prefix}:{action}" for action in actions_of(prefix)}
    return {action for action in actions if action_matches(str(pattern), action)}
