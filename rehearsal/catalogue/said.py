"""What a runbook can say to people: its description, its steps, and the texts that its scripts can get to."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

from rehearsal.documents.runbook import Runbook
from rehearsal.documents.shapes.python_scripts import parsed, python_script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.documents.model import Document
    from rehearsal.documents.runbook import Step


def said(document: Document) -> str:
    """All of it as one text. A script that several runbooks share says only what the step's handler can reach."""
    runbook = Runbook(document)
    parts = [str(document.content.get("description", "")), json.dumps(document.content.get("parameters", {}))]
    for step in runbook.steps:
        parts.append(str(step.body.get("description", "")))
        parts.extend(_of_script(step))
        if python_script(step) is None:
            parts.append(json.dumps(_without_steps(step.inputs)))
    return "\n".join(parts)


def _without_steps(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if key != "Steps"}


def _of_script(step: Step) -> Iterator[str]:
    script = python_script(step)
    tree = parsed(script) if script is not None else None
    if isinstance(tree, ast.Module):
        for node in _reachable(tree, str(step.inputs.get("Handler"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _reachable(tree: ast.Module, handler: str) -> Iterator[ast.AST]:
    """Every node of the handler and of whatever of the module's top level it names, directly or not."""
    definitions = dict(_definitions(tree))
    waiting, entered = [handler], set[str]()
    while waiting:
        name = waiting.pop()
        if name in entered or name not in definitions:
            continue
        entered.add(name)
        for node in ast.walk(definitions[name]):
            yield node
            if isinstance(node, ast.Name):
                waiting.append(node.id)


def _definitions(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign):
            yield from ((target.id, node) for target in node.targets if isinstance(target, ast.Name))
