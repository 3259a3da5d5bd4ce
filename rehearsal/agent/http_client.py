"""One HTTP request, with every wait and every answer bounded."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_SECONDS = 5.0
MAX_ANSWER = 16 * 1_048_576


class TransportError(Exception):
    """No answer: refused, timed out, broken off, or too long. The text names the host, never headers or bodies."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    seconds: float = 30.0,
    max_answer: int = MAX_ANSWER,
) -> Answer:
    """Send a request and read its answer whole. `seconds` bounds each wait for data, connecting has its own limit."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise TransportError(f"{url!r} is not an http or https URL")
    # Imported here because it takes as long as all else a document worker needs, and few workers make a request.
    import http.client  # noqa: PLC0415

    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(parts.hostname, parts.port, timeout=CONNECT_SECONDS)
    except (ValueError, http.client.InvalidURL) as error:
        raise TransportError(f"{parts.netloc}: {error}") from None
    try:
        connection.connect()
        connection.sock.settimeout(seconds)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body=body or None, headers=dict(headers or {}))
        response = connection.getresponse()
        content = response.read(max_answer + 1)
    except (OSError, http.client.HTTPException) as error:
        raise TransportError(f"{method} to {parts.netloc}: {error or type(error).__name__}") from None
    finally:
        connection.close()
    if len(content) > max_answer:
        raise TransportError(f"{parts.netloc} answered with more than {max_answer} bytes")
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
