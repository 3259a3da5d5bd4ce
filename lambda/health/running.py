"""Runs the checks side by side, each with its own limit, so that one that hangs hides none of the others."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from results import Finding, Result, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from settings import Settings


@dataclass(frozen=True)
class Check:
    """A named check; `counts` says whether customers notice when it is down."""

    name: str
    run: Callable[[Settings], Finding]
    counts: bool


def run_all(checks: tuple[Check, ...], settings: Settings, *, limit_seconds: float) -> list[Result]:
    """Answer one result a check, in the checks' order, after `limit_seconds` at the latest."""
    done: SimpleQueue[tuple[str, Finding, int]] = SimpleQueue()
    for check in checks:
        # Daemons: a name look-up that hangs cannot be ended, and must not keep the function from answering.
        threading.Thread(target=_run, args=(check, settings, done), name=check.name, daemon=True).start()
    found = _collect(done, len(checks), limit_seconds)
    silent = (Finding(Status.DOWN, f"no answer within {limit_seconds:g} s"), round(1000 * limit_seconds))
    return [Result(check.name, *found.get(check.name, silent), check.counts) for check in checks]


def _collect(
    done: SimpleQueue[tuple[str, Finding, int]], count: int, limit_seconds: float
) -> dict[str, tuple[Finding, int]]:
    found: dict[str, tuple[Finding, int]] = {}
    deadline = time.monotonic() + limit_seconds
    while len(found) < count:
        try:
            name, finding, latency = done.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        found[name] = (finding, latency)
    return found


def _run(check: Check, settings: Settings, done: SimpleQueue[tuple[str, Finding, int]]) -> None:
    began = time.monotonic()
    try:
        finding = check.run(settings)
    except Exception as error:  # noqa: BLE001 - whatever a check meets is its finding
        finding = Finding(Status.DOWN, f"{type(error).__name__}: {error}"[:500])
    done.put((check.name, finding, round(1000 * (time.monotonic() - began))))
