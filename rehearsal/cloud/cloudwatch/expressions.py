"""Metric math: arithmetic on metrics by their IDs, and the functions that most alarms take.

Source: CloudWatch User Guide, "Using math expressions with CloudWatch metrics". Known are numbers, `+ - * / ^`,
comparisons, AND and OR written `&&` and `||`, METRICS(), SUM, AVG, MIN, MAX, IF, FILL, ABS, CEIL, FLOOR. What is not
known is refused when an alarm or a query names it: no result is better than a wrong one.
"""

from __future__ import annotations

import ast
import math
import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST = 2_048
MAX_DEPTH = 40

Series = dict[float, float]
"""Values by the start of their period, in epoch seconds."""
Value = float | Series

_BINARY: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARED: dict[type[ast.AST], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_SINGLE: dict[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}
_FOLDED: dict[str, Callable[[list[float]], float]] = {
    "SUM": math.fsum,
    "MIN": min,
    "MAX": max,
    "AVG": lambda values: math.fsum(values) / len(values),
}


class ExpressionError(ValueError):
    """The expression cannot be computed here; the message says what of it."""


def check(expression: str, ids: frozenset[str]) -> None:
    """Refuse what cannot be computed, before there is data. Raises ExpressionError."""
    evaluate(expression, {name: {0.0: 1.0} for name in ids}, times=(0.0,))


def evaluate(expression: str, known: Mapping[str, Series], times: tuple[float, ...]) -> Series:
    """Compute an expression over `times`. Raises ExpressionError."""
    if len(expression) > LONGEST:
        raise ExpressionError(f"An expression has at most {LONGEST} characters.")
    text = expression.replace("^", "**").replace("&&", " and ").replace("||", " or ")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"The expression {expression!r} cannot be understood: {error}") from error
    try:
        found = _Computation(known, times).value(tree, 0)
    except (OverflowError, MemoryError) as error:  # a sum, or a number as it was written
        raise ExpressionError(f"The expression {expression!r} cannot be computed: {error}") from error
    return found if isinstance(found, dict) else dict.fromkeys(times, found)


class _Computation:
    def __init__(self, known: Mapping[str, Series], times: tuple[float, ...]) -> None:
        self._known = known
        self._times = times

    def value(self, node: ast.AST, depth: int) -> Value:
        if depth > MAX_DEPTH:
            raise ExpressionError(f"An expression nests at most {MAX_DEPTH} levels here.")
        deeper = depth + 1
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return float(node.value)
        if isinstance(node, ast.Name):
            return self._named(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return _mapped(operator.neg, self.value(node.operand, deeper))
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            return _joined(_BINARY[type(node.op)], self.value(node.left, deeper), self.value(node.right, deeper))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARED:
            compare = _COMPARED[type(node.ops[0])]
            left, right = self.value(node.left, deeper), self.value(node.comparators[0], deeper)
            return _joined(lambda a, b: float(compare(a, b)), left, right)
        if isinstance(node, ast.BoolOp):
            fold = all if isinstance(node.op, ast.And) else any
            found = self.value(node.values[0], deeper)
            for each in node.values[1:]:
                found = _joined(lambda a, b: float(fold((a, b))), found, self.value(each, deeper))
            return found
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._called(node.func.id, node.args, deeper)
        raise ExpressionError(f"{ast.unparse(node)} is no part of metric math that this endpoint computes.")

    def _named(self, name: str) -> Value:
        if name not in self._known:
            raise ExpressionError(f"{name} is not the Id of a metric or expression of this request.")
        return dict(self._known[name])

    def _called(self, name: str, arguments: list[ast.expr], depth: int) -> Value:
        if name in _SINGLE and len(arguments) == 1:
            return _mapped(_SINGLE[name], self.value(arguments[0], depth))
        if name in _FOLDED and len(arguments) == 1:
            return self._folded(name, arguments[0], depth)
        if name == "IF" and len(arguments) in {2, 3}:
            return self._chosen(arguments, depth)
        if name == "FILL" and len(arguments) == 2:  # noqa: PLR2004 - the series and what fills it
            return self._filled(arguments, depth)
        raise ExpressionError(f"{name} with {len(arguments)} arguments is no function that this endpoint computes.")

    def _folded(self, name: str, argument: ast.expr, depth: int) -> Value:
        """Of several series a series, of one series a number (User Guide, "Function SUM" and others)."""
        fold = _FOLDED[name]
        several = self._several(argument, depth)
        if several is None:
            one = self.value(argument, depth)
            values = list(one.values()) if isinstance(one, dict) else [one]
            return fold(values) if values else {}
        times = sorted({time for series in several for time in series})
        return {time: fold([series[time] for series in several if time in series]) for time in times}

    def _several(self, node: ast.expr, depth: int) -> list[Series] | None:
        """METRICS(), METRICS("m") and [m1, m2] stand for several series."""
        if isinstance(node, ast.List):
            found = [self.value(each, depth) for each in node.elts]
            return [each if isinstance(each, dict) else dict.fromkeys(self._times, each) for each in found]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "METRICS":
            part = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
            return [dict(series) for name, series in self._known.items() if str(part) in name]
        return None

    def _chosen(self, arguments: list[ast.expr], depth: int) -> Value:
        condition, *branches = (self._series(each, depth) for each in arguments)
        chosen: Series = {}
        for time, is_true in condition.items():
            branch = branches[0] if is_true else branches[1] if len(branches) > 1 else {}
            if time in branch:
                chosen[time] = branch[time]
        return chosen

    def _filled(self, arguments: list[ast.expr], depth: int) -> Value:
        series, filler = self._series(arguments[0], depth), arguments[1]
        if isinstance(filler, ast.Name) and filler.id == "REPEAT":
            last: float | None = None
            repeated: Series = {}
            for time in self._times:
                last = series.get(time, last)
                if last is not None:
                    repeated[time] = last
            return repeated
        return {**self._series(filler, depth), **series}

    def _series(self, node: ast.expr, depth: int) -> Series:
        found = self.value(node, depth)
        return found if isinstance(found, dict) else dict.fromkeys(self._times, found)


def _mapped(work: Callable[[float], float], value: Value) -> Value:
    if isinstance(value, dict):
        return {time: float(work(each)) for time, each in value.items()}
    return float(work(value))


def _joined(work: Callable[[float, float], Any], left: Value, right: Value) -> Value:
    """Combine by time; a time that one of two series lacks has no result, nor has what cannot be computed."""
    if not isinstance(left, dict) and not isinstance(right, dict):
        return float(_computed(work, left, right) or 0.0)
    times = left.keys() & right.keys() if isinstance(left, dict) and isinstance(right, dict) else _times(left, right)
    found = {
        time: _computed(
            work, left[time] if isinstance(left, dict) else left, right[time] if isinstance(right, dict) else right
        )
        for time in sorted(times)
    }
    return {time: value for time, value in found.items() if value is not None}


def _times(left: Value, right: Value) -> set[float]:
    return set(left) if isinstance(left, dict) else set(right) if isinstance(right, dict) else set()


def _computed(work: Callable[[float, float], Any], left: float, right: float) -> float | None:
    try:
        value = float(work(left, right))
    except (ZeroDivisionError, OverflowError, TypeError):
        return None
    return value if math.isfinite(value) else None
