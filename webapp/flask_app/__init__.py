"""The public Flask application: a few pages and the health endpoints that its operators rely on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from flask import Flask

from flask_app.config import Settings
from flask_app.database import Database
from flask_app.health import blueprint as health
from flask_app.pages import blueprint as pages

if TYPE_CHECKING:
    from collections.abc import Mapping


def create_app(environment: Mapping[str, str] | None = None) -> Flask:
    """Build the application from an environment (by default the process's own).

    Nothing is connected here: the application starts, and answers `/` and `/livez`, while the database is away.
    Raises ConfigurationError when a setting is malformed.
    """
    settings = Settings.from_environment(os.environ if environment is None else environment)
    app = Flask(__name__)
    app.extensions["settings"] = settings
    app.extensions["database"] = Database(settings)
    app.register_blueprint(pages)
    app.register_blueprint(health)
    return app
