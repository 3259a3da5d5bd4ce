"""Policies and how they decide (IAM User Guide, "Policy evaluation logic")."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.iam.conditions import is_met, substitute, wildcard

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rehearsal.cloud.iam.context import RequestContext


class Effect(StrEnum):
    """What policies say of a request."""

    ALLOW = "allow"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"


@dataclass(frozen=True)
class Policy:
    """A policy document with the name under which its holder has it."""

    name: str
    statements: tuple[Mapping[str, Any], ...]

    __hash__ = None  # type: ignore[assignment]  # statements are dictionaries

    @classmethod
    def parse(cls, name: str, document: str) -> Policy:
        """Read a document; one that is not a policy allows nothing."""
        return cls(name, _statements(document))


@lru_cache(maxsize=1024)
def _statements(document: str) -> tuple[Mapping[str, Any], ...]:
    try:
        content = json.loads(document)
    except ValueError:
        return ()
    found = content.get("Statement", []) if isinstance(content, dict) else []
    return tuple(each for each in _as_list(found) if isinstance(each, dict))


@dataclass(frozen=True)
class Verdict:
    """The effect, and the statement that brought it about: `policy name/Sid or number`."""

    effect: Effect
    statement: str = ""


def evaluate(policies: Iterable[Policy], action: str, resource: str, context: RequestContext) -> Verdict:
    """Decide: a matching Deny wins, else a matching Allow, else nothing is allowed."""
    allowed: Verdict | None = None
    for policy in policies:
        for number, statement in enumerate(policy.statements):
            if not _concerns(statement, action, resource, context):
                continue
            name = f"{policy.name}/{statement.get('Sid') or number}"
            if statement.get("Effect") == "Deny":
                return Verdict(Effect.EXPLICIT_DENY, name)
            allowed = allowed or Verdict(Effect.ALLOW, name)
    return allowed or Verdict(Effect.IMPLICIT_DENY)


def _concerns(statement: Mapping[str, Any], action: str, resource: str, context: RequestContext) -> bool:
    if "NotAction" in statement:
        if any(action_matches(each, action) for each in _as_list(statement["NotAction"])):
            return False
    elif not any(action_matches(each, action) for each in _as_list(statement.get("Action"))):
        return False
    if "NotResource" in statement:
        if any(_resource_matches(each, resource, context) for each in _as_list(statement["NotResource"])):
            return False
    elif "Resource" in statement and not any(
        _resource_matches(each, resource, context) for each in _as_list(statement["Resource"])
    ):
        return False
    return is_met(statement.get("Condition") or {}, context)


def action_matches(pattern: str, action: str) -> bool:
    """Compare an action with a policy's; both the prefix and the name ignore case."""
    return wildcard(str(pattern), ignore_case=True).fullmatch(action) is not None


def _resource_matches(pattern: str, resource: str, context: RequestContext) -> bool:
    replaced = substitute(str(pattern), context)
    return replaced is not None and wildcard(replaced).fullmatch(resource) is not None


def evaluate_on_resource(
    document: str, principal: Mapping[str, str], action: str, resource: str, context: RequestContext
) -> Verdict:
    """Decide by a resource's own policy, for a principal such as `{"AWS": "<ARN>"}`.

    A statement that names the whole account hands the decision to the account's identity policies: it denies, but by
    itself it allows nothing.
    """
    allowed: Verdict | None = None
    for number, statement in enumerate(_statements(document)):
        if not _is_principal(statement.get("Principal"), principal):
            continue
        if not _concerns(statement, action, resource, context):
            continue
        name = str(statement.get("Sid") or number)
        if statement.get("Effect") == "Deny":
            return Verdict(Effect.EXPLICIT_DENY, name)
        if _names_itself(statement.get("Principal"), principal):
            allowed = allowed or Verdict(Effect.ALLOW, name)
    return allowed or Verdict(Effect.IMPLICIT_DENY)


def _names_itself(named: Any, principal: Mapping[str, str]) -> bool:
    if not isinstance(named, dict):
        return bool(named == "*")
    return any(str(each) in (who, "*") for kind, who in principal.items() for each in _as_list(named.get(kind)))


def trusts(document: str, principal: Mapping[str, str], action: str, context: RequestContext) -> bool:
    """Evaluate a trust policy for a principal: `{"Service": "ec2.amazonaws.com"}` or `{"AWS": "<ARN>"}`.

    An account's root or number in the policy stands for the whole account.
    """
    effects = {
        str(statement.get("Effect"))
        for statement in _statements(document)
        if any(action_matches(each, action) for each in _as_list(statement.get("Action")))
        and _is_principal(statement.get("Principal"), principal)
        and is_met(statement.get("Condition") or {}, context)
    }
    return "Allow" in effects and "Deny" not in effects


def _is_principal(named: Any, principal: Mapping[str, str]) -> bool:
    if named == "*":
        return True
    if not isinstance(named, dict):
        return False
    for kind, who in principal.items():
        for each in map(str, _as_list(named.get(kind))):
            if each in (who, "*") or (kind == "AWS" and _names_account_of(each, who)):
                return True
    return False


def _names_account_of(named: str, who: str) -> bool:
    """Tell whether a policy names the whole account that an ARN belongs to: by its number or its root."""
    account = (who.split(":") + [""] * 5)[4]
    return bool(account) and (named == account or named.endswith(f"::{account}:root"))


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
