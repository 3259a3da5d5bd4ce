"""The container engine: found, or installed and started where that can be done."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.hosts.commands import CommandError, run, tail
from rehearsal.hosts.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import docker

    from rehearsal.hosts.progress import Progress

_APT = {"DEBIAN_FRONTEND": "noninteractive"}
_STARTS_WITHIN = 40.0
_ANSWERS_WITHIN = 120
_RECORD = "engine.json"


def connect() -> docker.DockerClient:
    """Return a client of the engine that DOCKER_HOST or the default socket leads to.

    Raises EngineError when none answers.
    """
    import docker  # noqa: PLC0415 - takes 0.2 s, and most commands need no engine
    import docker.errors  # noqa: PLC0415

    try:
        client = docker.from_env(timeout=_ANSWERS_WITHIN)
        client.ping()
    except (docker.errors.DockerException, OSError) as error:
        raise EngineError(f"no Docker engine answers: {error}") from None
    return client


def ensure(state_folder: Path, progress: Progress) -> docker.DockerClient:
    """Return a client of a running engine; install and start one when there is none and this user may.

    Raises EngineError saying what to do where that is not possible.
    """
    try:
        return connect()
    except EngineError as error:
        if os.environ.get("DOCKER_HOST"):
            where = os.environ["DOCKER_HOST"]
            raise EngineError(f"{error}\nDOCKER_HOST is {where}: start that engine or unset it.") from None
        if Path("/var/run/docker.sock").exists() and os.geteuid() != 0:
            raise EngineError(
                f"{error}\nA Docker engine is installed, but this user cannot use it. Start it (`sudo systemctl start "
                "docker`), and add yourself to its group (`sudo usermod -aG docker $USER`, then log in again)."
            ) from None
    if shutil.which("dockerd") is None:
        _install(progress)
    return _start(state_folder, progress)


def install_packages(packages: Sequence[str], progress: Progress) -> None:
    """Install packages of the machine's own distribution.

    Raises EngineError, with the command for a person to run, when this user may not or there is no apt.
    """
    wanted = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise EngineError(
            f"this machine has no apt-get, so {wanted} cannot be installed for you. Install Docker Engine 20.10 or "
            "newer (https://docs.docker.com/engine/install/), start it, and run the command again."
        )
    if os.geteuid() != 0:
        raise EngineError(
            f"{wanted} must be installed, which only root may. Run `sudo apt-get update && sudo apt-get install -y "
            f"{wanted}`, start Docker (`sudo systemctl start docker`), add yourself to its group (`sudo usermod -aG "
            "docker $USER`, then log in again), and run the command again."
        )
    progress.step(f"Installing {wanted}")
    try:
        run(["apt-get", "update"], timeout_seconds=300, environment=_APT)
        run(
            ["apt-get", "install", "-y", "--no-install-recommends", *packages],
            timeout_seconds=900,
            environment=_APT,
        )
    except CommandError as error:
        raise EngineError(
            f"{wanted} could not be installed: {error}\nInstall them by hand, and run the command again."
        ) from None


def _install(progress: Progress) -> None:
    packages = ["docker.io", "mmdebstrap"]
    if _kernel_has_apparmor():
        packages.append("apparmor")  # the engine cannot start containers there without its parser
    install_packages(packages, progress)


def _kernel_has_apparmor() -> bool:
    switch = Path("/sys/module/apparmor/parameters/enabled")
    return switch.exists() and switch.read_text(encoding="ascii").startswith("Y")


def _start(state_folder: Path, progress: Progress) -> docker.DockerClient:
    if os.geteuid() != 0:
        raise EngineError(
            "the Docker engine is not running. Start it (`sudo systemctl start docker`) and run this again."
        )
    try:
        return connect()  # a package that was just installed may have started it
    except EngineError:
        pass
    if Path("/run/systemd/system").is_dir():
        progress.step("Starting the Docker engine (a service: it keeps running after `down`)")
        subprocess.run(["systemctl", "start", "docker"], check=False, capture_output=True, timeout=120)
        return _wait_for(None, state_folder / "dockerd.log")
    progress.step("Starting the Docker engine (`down` ends it)")
    state_folder.mkdir(parents=True, exist_ok=True)
    log = state_folder / "dockerd.log"
    with log.open("ab") as output:
        # A session of its own: Ctrl-C in the terminal must not end the engine under running hosts.
        process = subprocess.Popen(
            ["dockerd"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    (state_folder / _RECORD).write_text(json.dumps({"pid": process.pid}), encoding="utf-8")
    return _wait_for(process, log)


def _wait_for(process: subprocess.Popen[bytes] | None, log: Path) -> docker.DockerClient:
    deadline = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            return connect()
        except EngineError as error:
            ended = process is not None and process.poll() is not None
            if ended or time.monotonic() > deadline:
                said = tail(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else ""
                raise EngineError(
                    f"the Docker engine was started and does not answer: {error}\n{said}\n"
                    f"Its log is {log} or `journalctl -u docker`; mend what it names, and run the command again."
                ) from None
        time.sleep(0.2)


def stop_if_ours(state_folder: Path, progress: Progress) -> None:
    """End the engine that `ensure` started in the background, unless containers that are not ours run in it."""
    record = state_folder / _RECORD
    if not record.exists():
        return
    pid = _recorded_pid(record)
    if pid is not None and _is_engine(pid):
        if connect().containers.list():
            progress.step("Leaving the Docker engine running: it runs containers that are not this rehearsal's")
            return
        progress.step("Ending the Docker engine that the rehearsal had started")
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STARTS_WITHIN
        while _is_engine(pid) and time.monotonic() < deadline:
            time.sleep(0.1)
    record.unlink()


def _recorded_pid(record: Path) -> int | None:
    try:
        return int(json.loads(record.read_text(encoding="utf-8"))["pid"])
    except (ValueError, KeyError, TypeError):
        return None


def _is_engine(pid: int) -> bool:
    """Say whether this process is a dockerd that runs: pids are reused, and ended children linger as zombies."""
    try:
        name, state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").partition(" (")[2].rsplit(") ", 1)
    except (OSError, ValueError):
        return False
    return name == "dockerd" and not state.startswith("Z")
