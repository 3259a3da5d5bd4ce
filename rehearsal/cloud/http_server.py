"""HTTP/1.1 with kept-alive connections, one thread a connection, over werkzeug's development server.

werkzeug closes each connection because it cannot tell what an application left unread. The endpoint always reads the
whole body, so a connection can be kept; where it did not (a body beyond the limit), the connection is closed.
"""

from __future__ import annotations

import io
import logging
import socketserver
import sys
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, DechunkedInput
from werkzeug.test import run_wsgi_app

IDLE_SECONDS = 75
"""How long a kept connection may be silent; more than any client's pool keeps one without use."""

_BODILESS = {204, 304}

log = logging.getLogger(__name__)


class _Bounded(io.RawIOBase):
    """The next `length` bytes of a connection, and no more."""

    def __init__(self, stream: Any, length: int) -> None:
        self._stream = stream
        self.remaining = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self._stream.read(min(len(view), self.remaining))
        view[: len(data)] = data
        self.remaining -= len(data)
        return len(data)


class ConnectionHandler(MotoRequestHandler):  # type: ignore[misc,unused-ignore] # moto publishes no types
    """Serves the requests of one connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        bounded: _Bounded | None = None
        chunked = environ["wsgi.input"] if isinstance(environ["wsgi.input"], DechunkedInput) else None
        if chunked is None:
            length = environ.get("CONTENT_LENGTH", "")
            bounded = _Bounded(self.rfile, int(length) if length.isdecimal() else 0)
            environ["wsgi.input"] = io.BufferedReader(bounded)
            environ.setdefault("CONTENT_LENGTH", "0")
        content, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        read_all = bounded.remaining == 0 if bounded is not None else bool(getattr(chunked, "_done", False))
        if not read_all:
            self.close_connection = True
        self._send(environ["REQUEST_METHOD"], status, headers, b"".join(content))

    def _send(self, method: str, status: str, headers: Any, body: bytes) -> None:
        code, _, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        self.send_header("Server", "rehearsal")
        self.send_header("Date", self.date_time_string())
        for name, value in headers.items():
            if name.lower() not in {"connection", "transfer-encoding", "server", "date"}:
                self.send_header(name, value)
        if "content-length" not in {name.lower() for name, _ in headers.items()} and int(code) not in _BODILESS:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        if method != "HEAD" and int(code) not in _BODILESS:
            self._headers_buffer.append(b"\r\n")
            self._headers_buffer.append(body)
            self.flush_headers()
        else:
            self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The endpoint logs calls by operation; a line for each HTTP request would say less."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ARG002 - werkzeug's signature
        log.debug("%s: %s", self.client_address[0], message % args if args else message)


class HttpServer(socketserver.ThreadingMixIn, BaseWSGIServer):
    """A listening socket; each connection is served in a thread of its own, which never outlives the process."""

    multithread = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: str, port: int, app: Any) -> None:
        super().__init__(address, port, app, handler=ConnectionHandler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's signature
        log.debug("connection from %s ended: %s", client_address, sys.exc_info()[1])
