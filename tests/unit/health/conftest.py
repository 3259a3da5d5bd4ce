"""Real servers for the health reporter to look at, each with the one fault that a test is about."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

FUNCTION = Path(__file__).resolve().parents[3] / "lambda" / "health"
sys.path.insert(0, str(FUNCTION))

from settings import Settings  # noqa: E402 - the function's folder is its import root, as in Lambda


@dataclass(frozen=True)
class Behaviour:
    """How the application answers."""

    home: int = 200
    ready: int = 200
    ready_body: bytes = b'{"status":"ok","database":"ok","release":"r1","secret_version":"v1"}'
    delay_seconds: float = 0.0


def _application(behaviour: Behaviour) -> type[http.server.BaseHTTPRequestHandler]:
    class Application(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(behaviour.delay_seconds)
            is_ready = self.path == "/readyz"
            body = behaviour.ready_body if is_ready else b"hello"
            self.send_response(behaviour.ready if is_ready else behaviour.home)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Application


def _redirect(code: int, location: str) -> type[http.server.BaseHTTPRequestHandler]:
    class Redirect(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code)
            self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    return Redirect


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that refuses the certificate hangs up, which is what some tests are about."""


@contextmanager
def _serving(handler: type[http.server.BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = _Server(("127.0.0.1", 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])
        now = dt.datetime.now(dt.UTC)
        days = dt.timedelta(days=400)
        root = self._build(self._name, self._key, now - days, now + days, None)
        self.file = folder / "authority.pem"
        self.file.write_bytes(root.public_bytes(serialization.Encoding.PEM))

    def context(self, name: str, age_days: float, left_days: float) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        now = dt.datetime.now(dt.UTC)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        begin, end = now - dt.timedelta(days=age_days), now + dt.timedelta(days=left_days)
        certificate = self._build(subject, key, begin, end, name)
        file = self._folder / f"{name}-{age_days}-{left_days}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _build(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        begin: dt.datetime,
        end: dt.datetime,
        dns_name: str | None,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=dns_name is None, path_length=None), critical=True)
        )
        if dns_name:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(dns_name)]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


@dataclass(frozen=True)
class Site:
    """What a test asks for; the defaults are a healthy site."""

    behaviour: Behaviour = Behaviour()
    certificate_name: str = "localhost"
    age_days: float = 10
    left_days: float = 80
    redirect: tuple[int, str] = (301, "https://localhost/")
    trusted: bool = True


StartSite = Callable[..., Settings]


@pytest.fixture
def start_site(tmp_path: Path) -> Iterator[StartSite]:
    """Start a site with the given faults and get the settings that point at it."""
    authority = Authority(tmp_path)
    with ExitStack() as stack:

        def start(**faults: Any) -> Settings:
            site = replace(Site(), **faults)
            context = authority.context(site.certificate_name, site.age_days, site.left_days)
            https_port = stack.enter_context(_serving(_application(site.behaviour), context))
            http_port = stack.enter_context(_serving(_redirect(*site.redirect)))
            return Settings(
                stack_name="shop",
                host="localhost",
                https=True,
                https_port=https_port,
                http_port=http_port,
                slow_ms=10_000,
                check_timeout=15,
                backup_bucket="",
                backup_prefix="",
                backup_max_age_hours=26,
                ca_file=str(authority.file) if site.trusted else None,
            )

        yield start


def ready_body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()
