"""Asks a host with a shell command, sent through Run Command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.scenarios.answers import judge, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.scenarios.surroundings import Surroundings


def ask(settings: Mapping[str, Any], surroundings: Surroundings) -> str:
    done = surroundings.hosts.run(
        settings["at"], settings["command"], timeout_seconds=settings.get("timeout_seconds", 30)
    )
    wanted = settings.get("code", 0)
    if done.code != wanted:
        return f"{settings['at']}: exit code {done.code}, wanted {wanted}: {shorten(done.stderr or done.stdout)}"
    wrong = judge(settings["answer"], done.stdout) if "answer" in settings else ""
    return f"{settings['at']}: {wrong}" if wrong else ""
