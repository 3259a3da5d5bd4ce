"""The program of the outside's container: serves git repositories over HTTPS and keeps the ACME server running.

Copied into the container, where only the standard library is: `outside_server.py FOLDER ADDRESS CERTIFICATE KEY --
COMMAND…`. Dumb HTTP is enough for git (`git update-server-info` prepares it), so this serves plain files. It ends when
the command ends, and the engine starts the container again.
"""

from __future__ import annotations

import functools
import http.server
import ssl
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

HTTPS = 443


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and lists no folders."""

    protocol_version = "HTTP/1.1"  # one connection for all files of a clone
    server_version = "git"
    sys_version = ""

    def list_directory(self, path: str | os.PathLike[str]) -> None:
        del path
        self.send_error(403)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        del format, args


def serve(folder: str, address: str, certificate: str, key: str, port: int = HTTPS) -> http.server.ThreadingHTTPServer:
    """Listen, and serve from a thread."""
    handler = functools.partial(QuietHandler, directory=folder)
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
