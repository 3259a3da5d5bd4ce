"""Health endpoints: `/livez` of the process, `/readyz` of the whole, `/db-check` of the database."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app

if TYPE_CHECKING:
    from flask_app.database import Health

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> dict[str, Any]:
    """Say that the process serves requests; never asks the database, so a restart is never the answer to its outage."""
    return {"status": "ok", "pid": os.getpid()}


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, Any], int]:
    """Say whether requests can be served in full, by which release and with which version of the secret."""
    health: Health = current_app.extensions["database"].check()
    body = {
        "status": "ok" if health.ready else "unavailable",
        "release": current_app.extensions["settings"].release,
        "database": "ok" if health.ready else health.detail,
        "secret_version": health.secret_version,
        "pid": os.getpid(),
        "parent_pid": os.getppid(),
    }
    return body, HTTPStatus.OK if health.ready else HTTPStatus.SERVICE_UNAVAILABLE


@blueprint.get("/db-check")
def db_check() -> tuple[dict[str, Any], int]:
    """Answer exactly `{"status": "ok"}` when the database answers: existing monitoring compares the body."""
    health: Health = current_app.extensions["database"].check()
    if health.ready:
        return {"status": "ok"}, HTTPStatus.OK
    return {"status": "error", "detail": health.detail}, HTTPStatus.SERVICE_UNAVAILABLE
