"""Takes a rehearsal down: everything but its reports, whatever state it is in."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from rehearsal.daemon import launch
from rehearsal.hosts import teardown

if TYPE_CHECKING:
    from rehearsal.cli.progress import Progress
    from rehearsal.settings import Settings

KEPT = frozenset({"report.json", "report.html", ".lock"})


def take_down(settings: Settings, progress: Progress, *, keep_log: bool = False) -> None:
    """End the daemon, remove containers, networks and volumes, and clear the state folder. Safe to repeat."""
    launch.stop(settings)
    teardown(settings, progress)
    _clear(settings, keep_log=keep_log)


def _clear(settings: Settings, *, keep_log: bool) -> None:
    kept = KEPT | ({launch.LOG_FILE} if keep_log else set())
    folder = settings.state_folder
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name in kept:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
