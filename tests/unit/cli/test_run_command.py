"""`rehearse run` before anything runs: what the cloud refuses, and a cloud that does not answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from rehearsal.daemon.state import State, process_started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REFUSAL = json.dumps({"__type": "AutomationDefinitionNotFoundException", "Message": "There is none."}).encode()


class Refusing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Length", str(len(REFUSAL)))
        self.end_headers()
        self.wfile.write(REFUSAL)


@pytest.fixture
def refusing() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def run(folder: Path, endpoint: str) -> subprocess.CompletedProcess[str]:
    """The command in a checkout whose rehearsal answers there; its daemon is this test."""
    (folder / "rehearsal.toml").write_text('name = "example"\n')
    State(
        project="example-1", pid=os.getpid(), process_started=process_started(os.getpid()) or 0, endpoint=endpoint,
        region="eu-west-1", account_id="1" * 12, access_key_id="KEY", secret_access_key="made-up",
    ).write(folder / "build" / "rehearsal")  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "rehearsal.cli", "run", "Example-Restart"],
        capture_output=True, text=True, check=False, cwd=folder, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_what_the_service_refuses_ends_with_2_and_a_next_step(tmp_path: Path, refusing: str) -> None:
    done = run(tmp_path, refusing)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Example-Restart was not started: An error occurred (AutomationDefinitionNotFound" in done.stderr
    assert "./rehearse plan Example-Restart" in done.stderr


def test_a_cloud_that_does_not_answer_is_no_refusal(tmp_path: Path) -> None:
    done = run(tmp_path, "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (1, "")
    assert "did not answer" in done.stderr
    assert "cloud.log" in done.stderr
