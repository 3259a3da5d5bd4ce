"""Asks the database, with the command that the library's common file gives for it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from rehearsal.scenarios.checks import host
from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.scenarios.surroundings import Surroundings


def as_command(statement: str, surroundings: Surroundings) -> dict[str, str]:
    """The host and the shell command that run a statement there."""
    sql = surroundings.common.sql
    if sql is None:
        raise ScenarioError("the common file does not say (sql:) how a statement is run")
    return {"at": sql.at, "command": surroundings.values.fill(sql.command, statement=shlex.quote(statement))}


def ask(settings: Mapping[str, Any], surroundings: Surroundings) -> str:
    command = as_command(settings["statement"], surroundings)
    return host.ask({**command, "answer": settings["answer"]}, surroundings)
