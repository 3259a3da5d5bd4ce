"""The AWS operations that a Python script calls, read from its syntax tree.

What is seen: methods of clients made with ``boto3.client("x")`` or ``session.client("x")``, whatever variable, argument
or attribute they pass through, and paginators and waiters. What is not: operations whose names are put together at run
time, and boto3's resources.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from rehearsal.documents.aws.services import loader, method_names

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONVENIENCE = {
    ("s3", "upload_file"): ("PutObject",),
    ("s3", "upload_fileobj"): ("PutObject",),
    ("s3", "download_file"): ("GetObject", "HeadObject"),
    ("s3", "download_fileobj"): ("GetObject", "HeadObject"),
    ("s3", "copy"): ("HeadObject", "GetObject", "PutObject"),
}


@dataclass(frozen=True)
class Call:
    """One operation that a script calls, with the line and column where it does."""

    service: str
    operation: str
    line: int
    column: int


@lru_cache(maxsize=256)
def calls_in(tree: ast.Module) -> tuple[Call, ...]:
    """Every operation that the script is seen to call, in the order of its lines."""
    services = sorted({service for node in ast.walk(tree) if (service := _client_of(node)) is not None})
    variables = _variables(tree)
    found: list[Call] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found.extend(_calls_of(node, node.func, services, variables))
    return tuple(sorted(set(found), key=lambda call: (call.line, call.column, call.operation)))


def _calls_of(
    node: ast.Call, function: ast.Attribute, services: list[str], variables: dict[str, str]
) -> Iterator[Call]:
    receiver = function.value
    known = _client_of(receiver) or variables.get(_name_of(receiver) or "")
    for service in [known] if known else services:
        for operation in _operations(service, function.attr, node):
            yield Call(service, operation, node.lineno, node.col_offset + 1)


def _operations(service: str, method: str, node: ast.Call) -> tuple[str, ...]:
    if (service, method) in _CONVENIENCE:
        return _CONVENIENCE[service, method]
    methods = method_names(service)
    if method == "get_paginator":
        return tuple(methods[name] for name in _first_text(node) if name in methods)
    if method == "get_waiter":
        return tuple(_waiters(service)[name] for name in _first_text(node) if name in _waiters(service))
    return (methods[method],) if method in methods else ()


def _first_text(node: ast.Call) -> list[str]:
    first = node.args[0] if node.args else None
    return [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []


def _client_of(node: ast.AST) -> str | None:
    """The service of ``boto3.client("x")``, ``session.client(service_name="x")``."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "client":
        return None
    names = [node.args[0]] if node.args else [word.value for word in node.keywords if word.arg == "service_name"]
    first = names[0] if names else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _variables(tree: ast.Module) -> dict[str, str]:
    """Names that hold a client, wherever in the script; a name that holds clients of two services is left out."""
    found: dict[str, str] = {}
    doubtful: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        service = _client_of(node.value)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            name = _name_of(target)
            if name is None or service is None:
                continue
            if found.get(name, service) != service:
                doubtful.add(name)
            found[name] = service
    return {name: service for name, service in found.items() if name not in doubtful}


def _name_of(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


@cache
def _waiters(service: str) -> dict[str, str]:
    from botocore import xform_name  # noqa: PLC0415 - for scripts that wait only
    from botocore.exceptions import DataNotFoundError  # noqa: PLC0415

    try:
        model = loader().load_service_model(service, "waiters-2")
    except DataNotFoundError:
        return {}
    return {xform_name(name): waiter["operation"] for name, waiter in model["waiters"].items()}
