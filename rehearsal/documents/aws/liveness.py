"""Which calls of a script a step can reach, given its handler and what is known of its InputPayload.

Scripts are shared between runbooks, with parts that only some payloads turn on:
``if events.get("NeedsBucket", False)``.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from rehearsal.documents.references import has_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_UNKNOWN = object()


def live_calls(tree: ast.Module, handler: str, payload: Mapping[str, Any]) -> set[tuple[int, int]]:
    """The line and column (both from one) of each call that may run; all of them where the handler is not found."""
    definitions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    start = definitions.get(handler)
    if not isinstance(start, ast.FunctionDef):
        return {_place(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    events = start.args.args[0].arg if start.args.args else ""
    waiting: list[ast.AST] = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    waiting.extend(start.body)
    found: set[tuple[int, int]] = set()
    entered = {handler}
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            found.add(_place(node))
        if isinstance(node, ast.Name) and node.id in definitions and node.id not in entered:
            entered.add(node.id)
            waiting.append(definitions[node.id])
        waiting.extend(_children(node, events, payload))
    return found


def _children(node: ast.AST, events: str, payload: Mapping[str, Any]) -> Iterator[ast.AST]:
    """What runs with a node: of a condition whose outcome is known, only the part that is taken."""
    if isinstance(node, ast.If | ast.IfExp):
        outcome = _value(node.test, events, payload)
        taken = {True: node.body, False: node.orelse}.get(bool(outcome)) if outcome is not _UNKNOWN else None
        if taken is not None:
            yield node.test
            yield from taken if isinstance(taken, list) else [taken]
            return
    yield from ast.iter_child_nodes(node)


def _value(test: ast.expr, events: str, payload: Mapping[str, Any]) -> Any:
    """The value of ``events["X"]``, ``events.get("X", default)`` or its negation, where the payload tells it."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _value(test.operand, events, payload)
        return _UNKNOWN if inner is _UNKNOWN else not inner
    key, default = _reading(test, events)
    if key is None:
        return _UNKNOWN
    value = payload.get(key, default)
    return _UNKNOWN if has_reference(value) else value


def _reading(test: ast.expr, events: str) -> tuple[str | None, Any]:
    if isinstance(test, ast.Subscript) and _is(test.value, events):
        return _text(test.slice), _UNKNOWN
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "get" and test.args:
        fallback = test.args[1] if len(test.args) > 1 else ast.Constant(None)
        if _is(test.func.value, events) and isinstance(fallback, ast.Constant):
            return _text(test.args[0]), fallback.value
    return None, _UNKNOWN


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _place(node: ast.Call) -> tuple[int, int]:
    return node.lineno, node.col_offset + 1
