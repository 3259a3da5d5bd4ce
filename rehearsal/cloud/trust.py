"""Whether a role's trust policy lets an AWS service assume it."""

from __future__ import annotations

import fnmatch
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACTIONS = frozenset({"sts:assumerole", "sts:*", "*"})


def may_assume(policy: str, service: str, context: Mapping[str, str]) -> bool:
    """Evaluate a trust policy for a service principal. `context` holds aws:SourceAccount and aws:SourceArn.

    An explicit Deny wins. A condition with an operator or a key that is not known here is not met: what cannot be
    decided is refused.
    """
    try:
        statements = json.loads(policy).get("Statement", [])
    except (ValueError, AttributeError):
        return False
    matching = [s for s in _as_list(statements) if isinstance(s, dict) and _concerns(s, service, context)]
    effects = {str(statement.get("Effect")) for statement in matching}
    return "Allow" in effects and "Deny" not in effects


def _concerns(statement: dict[str, Any], service: str, context: Mapping[str, str]) -> bool:
    actions = {str(action).lower() for action in _as_list(statement.get("Action"))}
    principal = statement.get("Principal")
    services = _as_list(principal.get("Service")) if isinstance(principal, dict) else _as_list(principal)
    if not actions & _ACTIONS or not {service, "*"} & set(services):
        return False
    conditions = statement.get("Condition") or {}
    return all(_is_met(operator, wanted, context) for operator, wanted in conditions.items())


def _is_met(operator: str, wanted: Any, context: Mapping[str, str]) -> bool:
    known = {key.lower(): value for key, value in context.items()}
    if not isinstance(wanted, dict):
        return False
    for key, values in wanted.items():
        actual = known.get(key.lower())
        if actual is None or not any(_matches(operator, actual, str(value)) for value in _as_list(values)):
            return False
    return True


def _matches(operator: str, actual: str, wanted: str) -> bool:
    match operator:
        case "StringEquals" | "ArnEquals" if "*" not in wanted and "?" not in wanted:
            return actual == wanted
        case "StringLike" | "ArnLike" | "ArnEquals":
            return fnmatch.fnmatchcase(actual, wanted.replace("[", "[[]"))
        case "StringEquals":
            return actual == wanted
    return False


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
