"""Where no engine can be had, the message says what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rehearsal.hosts import engine
from rehearsal.hosts.errors import EngineError

if TYPE_CHECKING:
    from conftest import Steps


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without an engine or its socket."""

    def refuse() -> None:
        raise EngineError("no Docker engine answers: refused")

    monkeypatch.setattr(engine, "connect", refuse)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: str(path) != "/var/run/docker.sock" and exists(path))
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)


def test_connect_says_that_nothing_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(EngineError, match="no Docker engine answers"):
        engine.connect()


@pytest.mark.usefixtures("no_engine")
def test_an_engine_that_was_named_and_does_not_answer_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, progress: Steps
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://docker.example.test:2375")
    with pytest.raises(
        EngineError, match=r"DOCKER_HOST is tcp://docker\.example\.test:2375: start that engine or unset"
    ):
        engine.ensure(tmp_path, progress)


@pytest.mark.usefixtures("no_engine")
def test_who_is_not_root_is_told_the_commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, progress: Steps) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EngineError, match=r"sudo apt-get update && sudo apt-get install -y docker\.io mmdebstrap"):
        engine.ensure(tmp_path, progress)
    assert progress.steps == []


@pytest.mark.usefixtures("no_engine")
def test_a_machine_without_apt_is_told_where_to_get_an_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, progress: Steps
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(EngineError, match=r"no apt-get.*Install Docker Engine 20\.10 or newer"):
        engine.ensure(tmp_path, progress)


@pytest.mark.usefixtures("no_engine")
def test_an_engine_that_this_user_may_not_use_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, progress: Steps
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(Path, "exists", lambda _: True)
    with pytest.raises(EngineError, match=r"usermod -aG docker"):
        engine.ensure(tmp_path, progress)


@pytest.mark.usefixtures("no_engine")
def test_an_installation_that_fails_shows_what_apt_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, progress: Steps
) -> None:
    def fail(argv: list[str], **_: object) -> str:
        raise engine.CommandError(argv, 100, "E: Unable to locate package docker.io")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(engine, "run", fail)
    with pytest.raises(EngineError, match="Unable to locate package"):
        engine.ensure(tmp_path, progress)
    assert progress.steps[0].startswith("Installing docker.io mmdebstrap")


@pytest.mark.usefixtures("no_engine")
def test_an_engine_that_ends_at_once_shows_its_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, progress: Steps
) -> None:
    fake = tmp_path / "dockerd"
    fake.write_text("#!/bin/sh\necho 'failed to start daemon: no cgroups' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(shutil, "which", lambda _: str(fake))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(Path, "is_dir", lambda path: str(path) != "/run/systemd/system")
    with pytest.raises(EngineError, match="no cgroups"):
        engine.ensure(tmp_path / "state", progress)


def test_a_process_that_took_the_engines_number_is_left_alone(tmp_path: Path, progress: Steps) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        (tmp_path / "engine.json").write_text(json.dumps({"pid": other.pid}))
        engine.stop_if_ours(tmp_path, progress)
        assert other.poll() is None
        assert not (tmp_path / "engine.json").exists()
        other.kill()


def test_an_engine_that_we_did_not_start_is_left_alone(tmp_path: Path, progress: Steps) -> None:
    engine.stop_if_ours(tmp_path, progress)
    assert progress.steps == []
