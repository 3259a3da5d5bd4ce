"""How a rehearsal ends: taken down, killed, or never come up. Runs after the tests of one that is up."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.daemon.state import State, process_started
from rehearsal.hosts import Internet
from rehearsal.hosts.engine import connect
from rehearsal.hosts.errors import EngineError
from rehearsal.hosts.labels import of_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rehearsal.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _down_at_the_end(command: Callable[..., Any]) -> Iterator[None]:
    assert command("down").returncode == 0
    yield
    assert command("down").returncode == 0


def left_behind(settings: Settings) -> dict[str, list[str]]:
    """Everything of this checkout that a person could find on the machine, apart from images and reports."""
    processes = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    mounts = Path("/proc/mounts").read_text()
    loops = subprocess.run(["losetup", "--list"], capture_output=True, text=True, check=False).stdout
    found = {
        "processes": [line for line in processes.splitlines() if "rehearsal.daemon" in line and str(ROOT) in line],
        "mounts": [line for line in mounts.splitlines() if str(settings.state_folder) in line],
        "loop devices": [line for line in loops.splitlines() if str(settings.state_folder) in line],
        "files": sorted(
            path.name
            for path in settings.state_folder.iterdir()
            if path.name not in {"report.json", "report.html", ".lock"}
        ),
        "containers": [],
        "networks": [],
        "volumes": [],
    }
    with contextlib.suppress(EngineError):  # `down` has ended the engine as well: then nothing is in it
        client = connect()
        found["containers"] = [c.name or "" for c in client.containers.list(all=True, filters=of_project(settings))]
        found["networks"] = [n.name or "" for n in client.networks.list(filters=of_project(settings))]
        found["volumes"] = [volume.name for volume in client.volumes.list(filters=of_project(settings))]
    return {kind: things for kind, things in found.items() if things}


def test_a_killed_up_is_cleared_by_the_next_and_down_leaves_nothing(
    settings: Settings, command: Callable[..., Any]
) -> None:
    killed = subprocess.Popen(
        [str(ROOT / "rehearse"), "up"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and not _hosts(settings):
        assert killed.poll() is None, "up ended before it had started a host"
        time.sleep(0.2)
    assert _hosts(settings)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    half_made = State.read(settings.state_folder)
    assert half_made is not None

    again = command("up")
    assert again.returncode == 0, again.stderr
    assert "what an earlier command left behind" in again.stderr
    assert process_started(half_made.pid) != half_made.process_started
    state = State.read(settings.state_folder)
    assert state is not None
    assert state.is_alive()

    _kill(state)
    resumed = command("up")
    assert resumed.returncode == 0, resumed.stderr
    assert "starting it again with the state that it kept" in resumed.stderr
    status = json.loads(command("status", "--json").stdout)
    assert [(host["state"], host["agent"]) for host in status["hosts"]] == [("running", "Online")] * 2

    state = State.read(settings.state_folder)
    assert state is not None
    _kill(state)  # and `down` has to manage without the process
    down = command("down")
    assert down.returncode == 0, down.stderr
    assert left_behind(settings) == {}
    assert command("down").returncode == 0


@dataclass(frozen=True)
class Drill:
    """A drill, and what a client outside sees while its fault lasts: curl's exit code and the HTTP status."""

    runbook: str
    seen: tuple[int, str]


SOUND = (0, "200")
OUTAGE = Drill("FlaskOps-SimulateDatabaseOutage", (0, "503"))
ISOLATION = Drill("FlaskOps-SimulateNetworkIsolation", (0, "503"))
CERTIFICATE = Drill("FlaskOps-SimulateExpiredCertificate", (60, "000"))  # 60: the peer's certificate cannot be trusted


def test_drills_undo_themselves_when_runbook_agent_and_endpoint_are_gone(
    settings: Settings, command: Callable[..., Any]
) -> None:
    up = command("up")
    assert up.returncode == 0, up.stderr
    _break_and_forsake(settings, OUTAGE, seconds=30)
    assert _sees(settings, SOUND), "the host did not undo the outage by itself"

    again = command("up")
    assert again.returncode == 0, again.stderr
    for host in _hosts(settings):
        _on(host, "systemctl start amazon-ssm-agent.service")
    _break_and_forsake(settings, ISOLATION, CERTIFICATE, seconds=45)  # of two hosts, so both can be broken at once
    assert _sees(settings, SOUND), "the hosts did not undo the isolation and the certificate by themselves"


def _break_and_forsake(settings: Settings, *drills: Drill, seconds: int) -> None:
    """Start drills until each has its effect; then end their runbooks, the endpoint and all agents, for good."""
    with contextlib.ExitStack() as started:
        for drill in drills:
            runbook = started.enter_context(_start(settings, drill, seconds))
            assert _sees(settings, drill.seen), f"{drill.runbook} did not break anything"
            os.killpg(runbook.pid, signal.SIGKILL)
    state = State.read(settings.state_folder)
    assert state is not None
    _kill(state)
    for host in _hosts(settings):
        _on(host, "systemctl stop amazon-ssm-agent.service")
    armed = [_is_undo_armed(host) for host in _hosts(settings)]
    assert armed.count(True) == len(drills), "a fault was undone before everybody was gone"


def _start(settings: Settings, drill: Drill, seconds: int) -> subprocess.Popen[bytes]:
    parameters = f"StackName={settings.stacks[-1].name},Mode=observe-only,DurationSeconds={seconds}"
    return subprocess.Popen(
        [str(ROOT / "rehearse"), "run", drill.runbook, "--parameters", parameters],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _sees(settings: Settings, wanted: tuple[int, str]) -> bool:
    """Whether a client outside comes to see this, within two minutes."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if _look(settings) == wanted:
            return True
        time.sleep(0.5)
    return False


def _look(settings: Settings) -> tuple[int, str]:
    """Ask for the application's database check from outside: curl's exit code and the HTTP status."""
    ask = ["curl", "--silent", "--max-time", "10", "--cacert", "/etc/rehearsal/acme-root.pem", "--output", "/dev/null"]
    ask += ["--write-out", "%{http_code}", "https://shop.example.test/db-check"]
    answer = Internet(settings).run(ask, timeout_seconds=30)
    return answer.code, answer.stdout


def _is_undo_armed(host: Any) -> bool:
    return bool(host.exec_run("systemctl is-active --quiet flask-ops-drill-undo.timer").exit_code == 0)


def _on(host: Any, command: str) -> None:
    done = host.exec_run(command)
    assert done.exit_code == 0, done.output


def _kill(state: State) -> None:
    os.kill(state.pid, signal.SIGKILL)
    while state.is_alive():
        time.sleep(0.05)


def _hosts(settings: Settings) -> list[Any]:
    try:
        return list(connect().containers.list(filters=of_project(settings, "host")))
    except EngineError:
        return []


def test_a_busy_port_is_named_with_who_holds_it_and_nothing_is_left(
    settings: Settings, command: Callable[..., Any]
) -> None:
    with socket.create_server(("127.0.0.1", settings.cloud.port)):
        done = command("up")
    assert done.returncode == 1
    assert f"port {settings.cloud.port}" in done.stderr
    assert f"(process {os.getpid()})" in done.stderr
    assert left_behind(settings) == {}
