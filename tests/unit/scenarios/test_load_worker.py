"""The worker as a process of its own, against servers that misbehave in the ways that matter."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import rehearsal.scenarios

WORKER = Path(rehearsal.scenarios.__file__).with_name("load_worker.py")
Answer = Callable[[BaseHTTPRequestHandler, int], None]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A keep-alive HTTP server; `answer` gets the handler and which request of its connection this is."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        count = 0

        def do_GET(self) -> None:
            self.count += 1
            answer(self, self.count)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def reply(handler: BaseHTTPRequestHandler, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"ok")


def configuration(base_url: str, tmp_path: Path, **more: Any) -> dict[str, Any]:
    return {
        "base_url": base_url,
        "paths": ["/", "/db-check"],
        "requests_per_second": 50,
        "seconds": 1,
        "connections": 100,
        "timeout_seconds": 2,
        "ca_file": None,
        "stop_file": str(tmp_path / "stop"),
        **more,
    }


def load(base_url: str, tmp_path: Path, **more: Any) -> list[list[Any]]:
    config = configuration(base_url, tmp_path, **more)
    done = subprocess.run(
        [sys.executable, str(WORKER), json.dumps(config)], capture_output=True, text=True, timeout=60, check=True
    )
    *rows, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert last == {"sent": len(rows)}
    return rows


def test_every_request_is_told_once_with_path_and_kind(tmp_path: Path) -> None:
    with serving(lambda handler, _: reply(handler)) as url:
        rows = load(url, tmp_path)
    assert len(rows) == 50
    assert sum(kept for _, _, kept, *_ in rows) == 25
    assert {path for _, path, *_ in rows} == {0, 1}
    assert [error for *_, error in rows if error] == []


def test_a_status_that_is_no_success_is_lost(tmp_path: Path) -> None:
    with serving(lambda handler, _: reply(handler, 502 if handler.path == "/db-check" else 200)) as url:
        rows = load(url, tmp_path)
    lost = [(path, status, error) for _, path, _, status, _, error in rows if error]
    assert set(lost) == {(1, 502, "HTTP 502")}
    assert len(lost) == sum(path for _, path, *_ in rows)


def test_a_refused_connection_is_lost(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        rows = load(f"http://127.0.0.1:{unused.getsockname()[1]}", tmp_path)
    assert len(rows) == 50
    assert all(status == 0 and error for _, _, _, status, _, error in rows)


def test_a_kept_alive_connection_that_is_closed_under_a_request_is_lost_although_the_client_repeats_it(
    tmp_path: Path,
) -> None:
    def close_at_the_second(handler: BaseHTTPRequestHandler, count: int) -> None:
        if count == 1:
            reply(handler)
        else:
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True

    with serving(close_at_the_second) as url:
        rows = load(url, tmp_path)
    assert [error for _, _, kept, _, _, error in rows if error and not kept] == []
    assert [error for _, _, kept, _, _, error in rows if error and kept] != []


def test_an_answer_that_does_not_come_in_time_is_lost(tmp_path: Path) -> None:
    def late(handler: BaseHTTPRequestHandler, _: int) -> None:
        if handler.path == "/db-check":
            time.sleep(1)
        reply(handler)

    with serving(late) as url:
        rows = load(url, tmp_path, timeout_seconds=0.3)
    assert {error for _, path, *_, error in rows if path == 1} == {"no answer within 0.3 s"}
    assert {error for _, path, *_, error in rows if path == 0} == {""}


def test_the_stop_file_ends_the_load_and_what_is_under_way_is_answered(tmp_path: Path) -> None:
    (tmp_path / "stop").touch()
    with serving(lambda handler, _: reply(handler)) as url:
        assert load(url, tmp_path, seconds=1800) == []


def test_more_waiting_requests_than_connections_are_counted_as_lost(tmp_path: Path) -> None:
    def never(handler: BaseHTTPRequestHandler, _: int) -> None:
        time.sleep(1.5)
        reply(handler)

    with serving(never) as url:
        rows = load(url, tmp_path, connections=5, timeout_seconds=3)
    assert sum(error == "5 requests were waiting for an answer already" for *_, error in rows) == 45


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"requests_per_second": 100_000}, "requests_per_second must be from 1 to 2000, not 100000"),
        ({"seconds": "long"}, "seconds must be from 1 to 1800, not 'long'"),
        ({"paths": ["db-check"]}, "paths must be a list of paths that start with /"),
    ],
)
def test_a_configuration_outside_the_bounds_is_refused(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    config = configuration("http://127.0.0.1:1", tmp_path, **change)
    done = subprocess.run(
        [sys.executable, str(WORKER), json.dumps(config)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert sentence in done.stderr
