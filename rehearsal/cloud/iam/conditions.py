"""Condition blocks of policies (IAM User Guide, "IAM JSON policy elements: Condition operators")."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rehearsal.cloud.iam.context import RequestContext

VARIABLE = re.compile(r"\$\{([^}]*)\}")
ESCAPES = {"*": "\x00", "?": "\x01", "$": "$"}  # ${*} and ${?} stand for themselves; restored when patterns are built


def substitute(text: str, context: RequestContext) -> str | None:
    """Replace policy variables; None when one has no value and no default, so that nothing can match."""
    missing = False

    def replace(match: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = match[1].partition(",")
        if name in ESCAPES:
            return ESCAPES[name]
        values = context.values(name.strip())
        if values:
            return values[0]
        if default:
            return default.strip().strip("'")
        missing = True
        return ""

    replaced = VARIABLE.sub(replace, text)
    return None if missing else replaced


@lru_cache(maxsize=4096)
def wildcard(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """Compile a pattern in which * is any text and ? any character."""
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    escaped = escaped.replace("\x00", r"\*").replace("\x01", r"\?")
    return re.compile(escaped, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def is_met(block: Mapping[str, Any], context: RequestContext) -> bool:
    """Tell whether a whole Condition block holds: every operator, and every key below it."""
    return all(
        _holds(operator, key, wanted, context) for operator, keys in block.items() for key, wanted in keys.items()
    )


def _holds(operator: str, key: str, wanted: Any, context: RequestContext) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists").lower()
    actual = context.values(key)
    texts = [_text(value) for value in (wanted if isinstance(wanted, list) else [wanted])]
    if name == "null":
        return (actual is None) == (texts[0].lower() == "true")
    if actual is None and if_exists:
        return True
    if name not in OPERATORS:
        return False  # what cannot be decided is not met
    compare, negated = OPERATORS[name]
    expected = [value for text in texts if (value := substitute(text, context)) is not None]

    def matches(value: str) -> bool:
        return any(compare(value, each) for each in expected) != negated

    if quantifier.lower() == "forallvalues":
        return all(matches(value) for value in actual or [])
    if quantifier.lower() == "foranyvalue":
        return any(matches(value) for value in actual or [])
    if actual is None:
        return negated
    return any(matches(value) for value in actual) if not negated else all(matches(value) for value in actual)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(text: str) -> str:
    return text.replace("\x00", "*").replace("\x01", "?")


def _equals(actual: str, expected: str) -> bool:
    return actual == _plain(expected)


def _equals_ignoring_case(actual: str, expected: str) -> bool:
    return actual.lower() == _plain(expected).lower()


def _like(actual: str, expected: str) -> bool:
    return wildcard(expected).fullmatch(actual) is not None


def _arn(actual: str, expected: str) -> bool:
    """Compare ARNs part by part: a wildcard never crosses a colon of the first five."""
    mine, theirs = actual.split(":", 5), expected.split(":", 5)
    return len(mine) == len(theirs) and all(_like(a, b) for a, b in zip(mine, theirs, strict=True))


def _boolean(actual: str, expected: str) -> bool:
    return actual.lower() == expected.lower()


def _address(actual: str, expected: str) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(expected, strict=False)
    except ValueError:
        return False


def _number(relation: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compare(actual: str, expected: str) -> bool:
        try:
            return relation(float(actual), float(expected))
        except ValueError:
            return False

    return compare


def _date(relation: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compare(actual: str, expected: str) -> bool:
        try:
            return relation(_seconds(actual), _seconds(expected))
        except ValueError:
            return False

    return compare


def _seconds(text: str) -> float:
    if text.isdecimal():
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "stringequals": (_equals, False),
    "stringnotequals": (_equals, True),
    "stringequalsignorecase": (_equals_ignoring_case, False),
    "stringnotequalsignorecase": (_equals_ignoring_case, True),
    "stringlike": (_like, False),
    "stringnotlike": (_like, True),
    "arnequals": (_arn, False),
    "arnlike": (_arn, False),
    "arnnotequals": (_arn, True),
    "arnnotlike": (_arn, True),
    "bool": (_boolean, False),
    "binaryequals": (_equals, False),
    "ipaddress": (_address, False),
    "notipaddress": (_address, True),
    "numericequals": (_number(lambda a, b: a == b), False),
    "numericnotequals": (_number(lambda a, b: a == b), True),
    "numericlessthan": (_number(lambda a, b: a < b), False),
    "numericlessthanequals": (_number(lambda a, b: a <= b), False),
    "numericgreaterthan": (_number(lambda a, b: a > b), False),
    "numericgreaterthanequals": (_number(lambda a, b: a >= b), False),
    "dateequals": (_date(lambda a, b: a == b), False),
    "datenotequals": (_date(lambda a, b: a == b), True),
    "datelessthan": (_date(lambda a, b: a < b), False),
    "datelessthanequals": (_date(lambda a, b: a <= b), False),
    "dategreaterthan": (_date(lambda a, b: a > b), False),
    "dategreaterthanequals": (_date(lambda a, b: a >= b), False),
}
