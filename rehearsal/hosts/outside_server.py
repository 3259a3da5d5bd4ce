"""The program of the outside's container: serves git repositories over HTTPS and keeps the ACME server running.

Copied into the container, where only the standard library is: `outside_server.py FOLDER ADDRESS CERTIFICATE KEY --
COMMAND…`. It ends when the command ends, and the engine starts the container again.

Repositories are served by git's own CGI program, so clients meet what they meet at public hosts: shallow fetches,
fetches of a commit by its id, and no pushes without an account.
"""

from __future__ import annotations

import functools
import http.server
import os
import ssl
import subprocess
import sys
import threading
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

HTTPS = 443
LARGEST_REQUEST = 16 * 1024 * 1024
WITHIN = 120

# What public hosts allow, and what a repository that another user has copied here needs.
GIT_SETTINGS = (("safe.directory", "*"), ("uploadpack.allowAnySHA1InWant", "true"))


class GitHandler(http.server.BaseHTTPRequestHandler):
    """Hands each request to `git http-backend`, with a request's words in its environment (RFC 3875)."""

    protocol_version = "HTTP/1.1"
    server_version = "git"
    sys_version = ""
    timeout = WITHIN

    def __init__(self, *arguments: object, folder: str) -> None:
        self._folder = folder
        super().__init__(*arguments)  # type: ignore[arg-type]  # the server's three, which it passes by position

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
        elif int(length) > LARGEST_REQUEST:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._answer(self.rfile.read(int(length)))

    def _answer(self, body: bytes) -> None:
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=False,
            timeout=WITHIN,
            env=self._environment(len(body)),
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [line.partition(":") for line in head.decode("latin-1").splitlines() if ":" in line]
        if done.returncode != 0 or not headers:
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        status = next((value.strip() for name, _, value in headers if name == "Status"), "200 OK")
        self.send_response(int(status.split()[0]))
        for name, _, value in headers:
            if name != "Status":
                self.send_header(name, value.strip())
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _environment(self, length: int) -> dict[str, str]:
        url = urlsplit(self.path)
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "GIT_PROJECT_ROOT": self._folder,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": str(len(GIT_SETTINGS)),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(url.path),
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_ADDR": self.client_address[0],
        }
        for index, (key, value) in enumerate(GIT_SETTINGS):
            environment |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
        return environment

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        del format, args


def serve(folder: str, address: str, certificate: str, key: str, port: int = HTTPS) -> http.server.ThreadingHTTPServer:
    """Listen, and serve from a thread."""
    handler = functools.partial(GitHandler, folder=folder)
    server = http.server.ThreadingHTTPServer((address, port), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # Handshakes happen in each connection's own thread: a client that opens one and says nothing must not hold up
    # others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main(argv: list[str]) -> int:
    """Serve until the command ends, and return its exit code."""
    divider = argv.index("--")
    folder, address, certificate, key = argv[:divider]
    serve(folder, address, certificate, key)
    return subprocess.run(argv[divider + 1 :], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
