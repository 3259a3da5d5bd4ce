"""The rule language of composite alarms, and what an alarm's data stands for."""

from __future__ import annotations

import pytest

from rehearsal.cloud.cloudwatch.evaluation import Point, Terms, judge
from rehearsal.cloud.cloudwatch.expressions import ExpressionError, evaluate
from rehearsal.cloud.cloudwatch.rule import RuleError, parse_rule

STATES = {"a": "ALARM", "b": "OK", "c d": "INSUFFICIENT_DATA", "e(f)": "ALARM"}
KINDS = ("missing", "ignore", "breaching", "notBreaching")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("ALARM(a)", True),
        ('ALARM("a")', True),
        ("ALARM('a')", True),
        ("OK(a)", False),
        ("ALARM(arn:aws:cloudwatch:us-east-1:111122223333:alarm:a)", True),
        ('INSUFFICIENT_DATA("c d")', True),
        ('ALARM("e(f)")', True),
        ("ALARM(a) AND ALARM(b)", False),
        ("ALARM(a) OR ALARM(b)", True),
        ("NOT ALARM(b)", True),
        ("ALARM(b) AND ALARM(b) OR ALARM(a)", True),  # AND before OR
        ("ALARM(b) AND (ALARM(b) OR ALARM(a))", False),
        ("NOT ALARM(a) OR TRUE", True),
        ("NOT (ALARM(a) OR TRUE)", False),
        ("FALSE", False),
        ("alarm(a) and not ok(a)", True),
        ("(ALARM(a)\n  AND\n  NOT (OK(a)))", True),
    ],
)
def test_a_rule_holds_or_not(text: str, holds: bool) -> None:
    assert parse_rule(text).holds(lambda name: STATES[name]) is holds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ALARM",
        "ALARM()",
        "ALARM(a",
        "ALARM(a) ALARM(b)",
        "ALARM(a) AND",
        "(ALARM(a)",
        "ALARM(a))",
        "a",
        "ALARM(a b)",
        "NOT",
    ],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(RuleError):
        parse_rule(text)


def test_a_rule_is_bounded() -> None:
    with pytest.raises(RuleError, match="nests at most"):
        parse_rule("(" * 200 + "TRUE" + ")" * 200)
    with pytest.raises(RuleError, match="characters"):
        parse_rule("TRUE OR " * 2_000 + "TRUE")


def judged(data: str, to_alarm: int, missing: str) -> str:
    """The state for data as the user guide's tables write it: newest last, X breaches, 0 does not, - is missing."""
    values = {"X": 10.0, "0": 1.0, "-": None}
    points = [Point(float(number), values[mark]) for number, mark in enumerate(data.split())]
    verdict = judge(points, Terms("GreaterThanThreshold", 5.0, 3, to_alarm, missing))
    return verdict.state if verdict else "retained"


@pytest.mark.parametrize(
    ("data", "states"),
    [
        ("0 - X - X", ("OK", "OK", "OK", "OK")),
        ("0 - - - -", ("OK", "OK", "OK", "OK")),
        ("- - - - -", ("INSUFFICIENT_DATA", "retained", "ALARM", "OK")),
        ("0 X X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("- - X - -", ("ALARM", "retained", "ALARM", "OK")),
        ("- - - - X", ("retained", "retained", "ALARM", "OK")),
    ],
)
def test_three_of_three_datapoints(data: str, states: tuple[str, ...]) -> None:
    assert tuple(judged(data, 3, kind) for kind in KINDS) == states


@pytest.mark.parametrize(
    ("data", "states"),
    [
        ("0 - X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 0 X 0 X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 - X - -", ("OK", "OK", "ALARM", "OK")),
        ("- - - - 0", ("OK", "OK", "ALARM", "OK")),
        ("- - - X -", ("ALARM", "retained", "ALARM", "OK")),
    ],
)
def test_two_of_three_datapoints(data: str, states: tuple[str, ...]) -> None:
    assert tuple(judged(data, 2, kind) for kind in KINDS) == states


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("m1 + m2", {0.0: 11.0, 1.0: 22.0}),
        ("100 * m1 / m2", {0.0: 10.0, 1.0: 10.0}),
        ("m1 / (m2 - 10)", {1.0: 0.2}),
        ("SUM(METRICS())", {0.0: 14.0, 1.0: 22.0}),
        ("MAX([m1, m2])", {0.0: 10.0, 1.0: 20.0}),
        ("MAX(m2)", {0.0: 20.0, 1.0: 20.0}),
        ("FILL(m3, 0)", {0.0: 3.0, 1.0: 0.0}),
        ("IF(m1 > 1, m2, 0)", {0.0: 0.0, 1.0: 20.0}),
        ("IF(m1 > 0 && m2 > 10, 1, 0)", {0.0: 0.0, 1.0: 1.0}),
        ("m1 ^ 2 - 1", {0.0: 0.0, 1.0: 3.0}),
    ],
)
def test_metric_math(expression: str, result: dict[float, float]) -> None:
    known = {"m1": {0.0: 1.0, 1.0: 2.0}, "m2": {0.0: 10.0, 1.0: 20.0}, "m3": {0.0: 3.0}}
    assert evaluate(expression, known, (0.0, 1.0)) == pytest.approx(result)


@pytest.mark.parametrize(
    "expression",
    [
        "m9", "ANOMALY_DETECTION_BAND(m1)", "__import__('os')", "m1.x", "m1 +", "(" * 500,
        "SUM([m1 * 1e308, m1 * 1e308])", "CEIL(1e999)", "m1 + 1" + "0" * 400,
    ],
)  # fmt: skip
def test_what_is_no_metric_math_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, {"m1": {0.0: 1.0}}, (0.0,))
