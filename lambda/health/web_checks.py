"""Checks of what customers see: HTTPS, the redirect, readiness and the certificate."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from results import Finding, Status

if TYPE_CHECKING:
    from settings import Settings

MAX_BODY_BYTES = 64 * 1024
# Renewal begins at a third of the lifetime left; below a sixth, renewal has been failing for long.
RENEWAL_OVERDUE_FRACTION = 1 / 6
HTTP_OK = 200
HTTP_MULTIPLE_CHOICES = 300
HTTP_REDIRECTS = (301, 302, 307, 308)


@dataclass(frozen=True)
class _Reply:
    code: int
    location: str
    body: bytes
    latency_ms: int


def check_https(settings: Settings) -> Finding:
    """The application answers `/` over HTTPS (over HTTP where the stack has no domain), and fast enough."""
    reply = _get(settings, "/", secure=settings.https)
    latency = (("ResponseTime", float(reply.latency_ms), "Milliseconds"),)
    if not HTTP_OK <= reply.code < HTTP_MULTIPLE_CHOICES:
        return Finding(Status.DOWN, f"GET / answered {reply.code}", latency)
    if reply.latency_ms > settings.slow_ms:
        return Finding(Status.DEGRADED, f"slow: {reply.latency_ms} ms, more than {settings.slow_ms} ms", latency)
    return Finding(Status.OK, f"GET / answered {reply.code} in {reply.latency_ms} ms", latency)


def check_redirect(settings: Settings) -> Finding:
    """Plain HTTP leads to HTTPS on the same host."""
    if not settings.https:
        return Finding(Status.OK, "the stack has no domain, so there is nothing to redirect to")
    reply = _get(settings, "/", secure=False)
    if reply.code not in HTTP_REDIRECTS:
        return Finding(Status.DOWN, f"http://{settings.host}/ answered {reply.code} instead of a redirect")
    if not reply.location.startswith(f"https://{settings.host}"):
        return Finding(Status.DOWN, f"http://{settings.host}/ redirects to {reply.location or 'nowhere'}")
    return Finding(Status.OK, f"redirects to {reply.location}")


def check_readiness(settings: Settings) -> Finding:
    """`/readyz` says that the application, its database and its credentials work together."""
    reply = _get(settings, "/readyz", secure=settings.https)
    try:
        said = json.loads(reply.body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return Finding(Status.DOWN, f"/readyz answered {reply.code} and no JSON object")
    about = ", ".join(f"{key} {_short(said[key])}" for key in sorted(said) if said[key] is not None)
    status = Status.OK if reply.code == HTTP_OK else Status.DOWN
    return Finding(status, f"/readyz answered {reply.code}: {about}")


def check_certificate(settings: Settings) -> Finding:
    """The certificate is trusted, bears the name, and has enough of its lifetime left (a fraction, not days)."""
    if not settings.https:
        return Finding(Status.OK, "the stack has no domain, so there is no certificate")
    context = ssl.create_default_context(cafile=settings.ca_file)
    address = (settings.host, settings.https_port)
    try:
        with (
            socket.create_connection(address, timeout=settings.check_timeout) as plain,
            context.wrap_socket(plain, server_hostname=settings.host) as secure,
        ):
            certificate = secure.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return Finding(Status.DOWN, f"the certificate is refused: {error.verify_message}")
    begin = ssl.cert_time_to_seconds(str(certificate["notBefore"]))
    end = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    return _judge_lifetime((end - time.time()) / (end - begin), str(certificate["notAfter"]))


def _judge_lifetime(left: float, until: str) -> Finding:
    metrics = (("CertificateLifetimeLeft", round(100 * left, 2), "Percent"),)
    detail = f"{left:.0%} of the lifetime left, until {until}"
    if left < RENEWAL_OVERDUE_FRACTION:
        return Finding(Status.DEGRADED, f"renewal is overdue: {detail}", metrics)
    return Finding(Status.OK, detail, metrics)


def _get(settings: Settings, path: str, *, secure: bool) -> _Reply:
    began = time.monotonic()
    connection = _connection(settings, secure=secure)
    try:
        connection.request("GET", path, headers={"User-Agent": "health-reporter", "Connection": "close"})
        response = connection.getresponse()
        body = response.read(MAX_BODY_BYTES)
    finally:
        connection.close()
    milliseconds = round(1000 * (time.monotonic() - began))
    return _Reply(response.status, response.getheader("Location") or "", body, milliseconds)


def _connection(settings: Settings, *, secure: bool) -> http.client.HTTPConnection:
    if not secure:
        return http.client.HTTPConnection(settings.host, settings.http_port, timeout=settings.check_timeout)
    # The certificate has a check of its own; an expired one must not hide whether the application answers.
    context = ssl.create_default_context(cafile=settings.ca_file)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(
        settings.host, settings.https_port, timeout=settings.check_timeout, context=context
    )


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - a line of an alarm's mail
