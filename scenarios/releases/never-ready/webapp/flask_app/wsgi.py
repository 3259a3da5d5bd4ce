"""A release that starts and serves pages, but never says that it is ready."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request
from flask_app import create_app

application = create_app()


@application.after_request
def never_ready(response: Response) -> Response:
    if request.path == "/readyz":
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return response
