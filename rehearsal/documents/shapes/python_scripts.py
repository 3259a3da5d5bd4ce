"""Python scripts that runbooks embed, read with Python's own parser and never run."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rehearsal.documents.model import Intrinsic
from rehearsal.documents.references import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.documents.runbook import Step

MAX_SCRIPT = 64 * 1024
PAYLOAD_ARGUMENTS = 2


@dataclass(frozen=True)
class SyntaxProblem:
    """Why a script does not compile, and where in it."""

    message: str
    line: int
    column: int


def python_script(step: Step) -> str | None:
    """The text of an executeScript step in Python, None for anything else."""
    script, runtime = step.inputs.get("Script"), step.inputs.get("Runtime")
    if step.action != "aws:executeScript" or not isinstance(script, str) or isinstance(script, Intrinsic):
        return None
    return script if isinstance(runtime, str) and runtime.startswith("python") and len(script) <= MAX_SCRIPT else None


@lru_cache(maxsize=256)
def parsed(script: str) -> ast.Module | SyntaxProblem:
    """The syntax tree of a script, or what keeps it from compiling."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(script)
    except SyntaxError as error:
        if REFERENCE.search(script):
            return parsed(REFERENCE.sub("0", script))  # Automation fills these in before Python sees them
        return SyntaxProblem(error.msg, error.lineno or 1, error.offset or 1)
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxProblem(str(error) or "nested too deeply", 1, 1)


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """The functions of a script's top level."""
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def handler_of(step: Step) -> ast.FunctionDef | None:
    """The function that the step calls, where the script defines it."""
    script = python_script(step)
    tree = parsed(script) if script is not None else None
    return functions(tree).get(str(step.inputs.get("Handler"))) if isinstance(tree, ast.Module) else None


@lru_cache(maxsize=256)
def returned_keys(function: ast.FunctionDef) -> frozenset[str] | None:
    """The keys of the mappings that a function returns; None when not every return is a literal with plain keys."""
    keys: set[str] = set()
    for node in _own_nodes(function):
        if not isinstance(node, ast.Return):
            continue
        if not isinstance(node.value, ast.Dict):
            return None
        for key in node.value.keys:
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                return None
            keys.add(key.value)
    return frozenset(keys) or None


@lru_cache(maxsize=256)
def required_payload(function: ast.FunctionDef) -> Mapping[str, tuple[int, int]]:
    """The keys that a handler reads as ``events["X"]``, with their places: without them it raises KeyError.

    Only direct reads outside of ``try`` and of conditions count: what is guarded may be optional.
    """
    if not function.args.args:
        return {}
    events = function.args.args[0].arg
    found: dict[str, tuple[int, int]] = {}
    if any(_assigns(node, events) for node in ast.walk(function)):
        return {}
    for statement in function.body:
        if isinstance(statement, ast.Try | ast.If | ast.For | ast.While | ast.With):
            continue
        for node in ast.walk(statement):
            key = _subscript_of(node, events)
            if key is not None and not _guarded(statement):
                found.setdefault(key, (node.lineno, node.col_offset + 1))  # type: ignore[attr-defined] # a Subscript
    return found


def calls_boto3(tree: ast.Module) -> bool:
    """Whether a script makes a client, a resource or a session."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"client", "resource", "Session"}
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "boto3"
        for node in ast.walk(tree)
    )


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield node
            waiting.extend(ast.iter_child_nodes(node))


def _assigns(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)


def _guarded(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.IfExp | ast.BoolOp) for node in ast.walk(statement))


def _subscript_of(node: ast.AST, name: str) -> str | None:
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return None
    key: Any = node.slice
    is_wanted = isinstance(node.value, ast.Name) and node.value.id == name
    return key.value if is_wanted and isinstance(key, ast.Constant) and isinstance(key.value, str) else None
