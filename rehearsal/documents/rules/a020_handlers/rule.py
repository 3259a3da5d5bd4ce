"""Handlers of scripts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.shapes.python_scripts import PAYLOAD_ARGUMENTS, functions, handler_of, parsed, python_script
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """The handler is a function of the script, and takes (events, context)."""
    for step in subject.runbook.steps:
        script = python_script(step)
        handler = step.inputs.get("Handler")
        tree = parsed(script) if script is not None else None
        if not isinstance(tree, ast.Module) or not isinstance(handler, str) or "Attachment" in step.inputs:
            continue
        path = (*step.path, "inputs", "Handler")
        function = handler_of(step)
        if function is None:
            if handler.isidentifier() and not _defines(tree, handler):
                known = did_you_mean(handler, functions(tree))
                yield Problem(path, f'the script has no function "{handler}"{known}')
            continue
        arguments = function.args
        count = len(arguments.args) + len(arguments.posonlyargs)
        fits = count - len(arguments.defaults) <= PAYLOAD_ARGUMENTS <= count or arguments.vararg is not None
        if not fits:
            message = f"{handler} takes {count} arguments, and is called with two: (events, context)"
            yield Problem((*step.path, "inputs", "Script"), message, at=(function.lineno, function.col_offset + 1))


def _defines(tree: ast.Module, name: str) -> bool:
    """Whether the name is bound in some other way: imported, assigned, or under a condition."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            return True
        if isinstance(node, ast.alias) and (node.asname or node.name) in {name, "*"}:
            return True
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            return True
    return False


RULE = Rule(
    id="A020",
    level=Level.ERROR,
    summary="The handler of a Python script is a function of it that takes (events, context).",
    why="The step fails before the first line of the script runs.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeScript.html",
    check=check,
    kinds=AUTOMATION,
)
