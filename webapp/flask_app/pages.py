"""The application's own pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def index() -> dict[str, Any]:
    """Answer without the database, so that the front page stays up while only the database is away."""
    return {"application": "flask-app", "release": current_app.extensions["settings"].release}
