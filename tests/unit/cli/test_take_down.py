"""Ends the daemon of this checkout, and no other process, whatever its state file says."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from rehearsal.cli import take_down as module
from rehearsal.cli.bring_up import bring_up
from rehearsal.cli.problems import Problem
from rehearsal.cli.progress import Progress
from rehearsal.daemon.state import daemons_of
from rehearsal.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What the interpreter runs is in the folder that it is started in: a package of the daemon's name that listens.
STANDS_IN = """
import socket, sys, time
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    package = tmp_path / "stand-in" / "rehearsal" / "daemon"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(STANDS_IN)
    return tmp_path


@contextmanager
def daemon(folder: Path, settings_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process with the daemon's command, and the port where it listens."""
    command = [sys.executable, "-m", "rehearsal.daemon", str(settings_path), "{}", "60.0", "1"]
    with subprocess.Popen(command, cwd=folder / "stand-in", stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def settings_in(folder: Path, port: int = 4566) -> Settings:
    (folder / "rehearsal.toml").write_text(
        f'name = "example"\n[cloud]\nport = {port}\n[[stacks]]\nname = "app"\ntemplate = "app.yaml"\n'
    )
    return load_settings(folder / "rehearsal.toml")


UNREADABLE = [b"", b'{"pid": 1, "new": true}', b"\xff\xfe", b"[" * 90_000, None]


@pytest.mark.parametrize("state", UNREADABLE, ids=["empty", "another version", "binary", "deep", "lost"])
def test_a_daemon_whose_state_cannot_be_understood_is_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch, state: bytes | None
) -> None:
    """Its own child is waited for here, as init does for a daemon: one that ended is gone."""
    settings = settings_in(folder)
    settings.state_folder.mkdir(parents=True)
    if state is not None:
        (settings.state_folder / "state.json").write_bytes(state)
    torn_down = []
    monkeypatch.setattr(module, "teardown", lambda settings, _: torn_down.append(settings))
    other = folder / "another.toml"
    with daemon(folder, settings.path) as (process, _), daemon(folder, other) as (bystander, _):
        module.take_down(settings, Progress())
        assert process.wait() == -15
        assert bystander.poll() is None
        assert [pid for pid, _ in daemons_of(other)] == [bystander.pid]
    assert torn_down == [settings]
    assert list(settings.state_folder.iterdir()) == []


def test_a_port_that_our_own_lost_daemon_holds_is_not_blamed_on_another_checkout(folder: Path) -> None:
    path = settings_in(folder).path
    with daemon(folder, path) as (_, port), pytest.raises(Problem) as raised:
        bring_up(settings_in(folder, port), {}, Progress(), keep_failed=False)
    assert f"port {port} of 127.0.0.1" in raised.value.message
    assert "this checkout's own rehearsal" in raised.value.next_step
