"""Start document workers: from the nursery, or as programs of their own when there is none (any more)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.agent.log import log
from rehearsal.agent.store import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rehearsal.agent.nursery import Nursery

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class Workers:
    def __init__(self, nursery: Nursery | None) -> None:
        self._nursery = nursery

    def start(self, arguments: Sequence[str]) -> Callable[[], bool]:
        """Start a worker with these arguments of `--worker`; the answer tells whether it still runs."""
        if self._nursery:
            try:
                return _watch(self._nursery.start_worker(arguments))
            except OSError as error:
                log(f"document workers start more slowly from now on: {error}")
                self._nursery = None
        return _start_program(arguments)


def _watch(pid: int) -> Callable[[], bool]:
    try:
        return WorkerProcess.of(pid).is_running
    except ProcessLookupError:
        return lambda: False


def _start_program(arguments: Sequence[str]) -> Callable[[], bool]:
    paths = [str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-m", "rehearsal.agent", "--worker", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    return lambda: process.poll() is None
