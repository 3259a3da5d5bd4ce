"""gunicorn's settings. The listening socket is systemd's, so that a restart refuses no connection."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gunicorn.workers.base import Worker

ENVIRONMENT_FILE = Path(os.environ.get("FLASK_APP_ENVIRONMENT_FILE", "/etc/flask-app.env"))


def read_environment(path: Path) -> list[str]:
    """Give the file's `NAME=value` lines.

    gunicorn reads this file again at SIGHUP; systemd's EnvironmentFile= it would not see again.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [line.strip() for line in lines if "=" in line and not line.lstrip().startswith("#")]


def post_worker_init(worker: Worker) -> None:
    """Open the first database connection before the first request; an absent database must not stop the worker."""
    worker.app.callable.extensions["database"].check()


raw_env = read_environment(ENVIRONMENT_FILE)
bind = "unix:/run/flask-app.sock"
worker_class = "gthread"
workers = 2
threads = 8
backlog = 4096
keepalive = 5
timeout = 30
# Requests in progress get this long when a worker stops; flask-app.service waits longer than that (TimeoutStopSec).
graceful_timeout = 20
worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn's heartbeat file must not wait for a disk
control_socket_disable = True
accesslog = None
errorlog = "-"
proc_name = "flask-app"
