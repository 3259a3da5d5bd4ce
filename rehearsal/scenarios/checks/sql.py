"""Asks the database, with the command that the library's common file gives for it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from rehearsal.scenarios.checks import host
from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.scenarios.surroundings import Surroundings


def ask(settings: Mapping[str, Any], surroundings: Surroundings) -> str:
    sql = surroundings.common.sql
    if sql is None:
        raise ScenarioError("the common file does not say (sql:) how a statement is run")
    command = surroundings.values.fill(sql.command, statement=shlex.quote(settings["statement"]))
    return host.ask({"at": sql.at, "command": command, "answer": settings["answer"]}, surroundings)
