"""`--serve`: the agent of a host. It reports itself, takes messages, runs commands, and answers for them."""

from __future__ import annotations

import argparse
import os
import platform
import queue
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rehearsal.agent import AGENT_NAME
from rehearsal.agent.aws import HostAccess
from rehearsal.agent.commands import CommandRunner
from rehearsal.agent.config import DEFAULT_DATA, DEFAULT_PATH, Config, ConfigError, read_config
from rehearsal.agent.delivery import FAILURES, Backoff, StoppedError
from rehearsal.agent.imds import Identity, Metadata
from rehearsal.agent.inbox import Inbox
from rehearsal.agent.log import log
from rehearsal.agent.nursery import Nursery
from rehearsal.agent.results import Status
from rehearsal.agent.store import Stage, Store
from rehearsal.agent.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_USAGE = 2
_SHORTEST_POLL = 1.0  # seconds between two polls that bring nothing
_RESUME_SECONDS = 172_800.0
_LOOK_FOR_SIGNALS_SECONDS = 0.5


def serve(arguments: Sequence[str]) -> int:
    """Run until SIGTERM. Scripts that run then go on; the next agent delivers their results."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.agent --serve", description=__doc__)
    parser.add_argument("--config", type=Path, default=DEFAULT_PATH)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA)
    parser.add_argument(
        "--reboot-command", default="/sbin/shutdown -r +1", help="what a step that exits with 194 starts"
    )
    options = parser.parse_args(arguments)
    try:
        config = read_config(options.config)
    except ConfigError as error:
        log(str(error))
        return _USAGE
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    workers = Workers(Nursery())  # it forks: before there are threads
    try:
        agent = Agent(config, options, workers, stop)
        agent.start()
        # A signal that comes just before a wait begins does not end it: its handler runs when the wait is over.
        while not stop.wait(_LOOK_FOR_SIGNALS_SECONDS):
            continue
    except StoppedError:
        pass
    log("stopping; running scripts go on")
    sys.stderr.flush()
    os._exit(0)  # threads may wait for an answer that takes another 20 seconds; nothing is lost with them


class Agent:
    """One host's agent: a thread that polls, one that reports, and as many as there are workers."""

    def __init__(self, config: Config, options: argparse.Namespace, workers: Workers, stop: threading.Event) -> None:
        self._config = config
        self._stop = stop
        self._reboot_command = shlex.split(options.reboot_command)
        self._rebooting = threading.Event()
        metadata = Metadata()
        self._identity = _identity(metadata, stop)
        region = config.region or self._identity.region
        self._aws = HostAccess(config, metadata, region)
        self._store = Store(options.data / self._identity.instance_id)
        self._queue: queue.Queue[str] = queue.Queue()
        self._runner = CommandRunner(
            self._store,
            self._aws,
            workers,
            config_path=options.config,
            agent_version=config.agent_version,
            stop=stop,
            log=log,
            request_reboot=self._reboot,
        )
        self._inbox = Inbox(
            self._store,
            self._aws,
            instance_id=self._identity.instance_id,
            region=region,
            agent_version=config.agent_version,
            submit=self._queue.put,
            runner=self._runner,
        )

    def start(self) -> None:
        """Take up what an earlier agent left, then report and poll."""
        self._resume()
        for number in range(self._config.workers):
            self._thread(self._work, f"worker-{number}")
        self._thread(self._report, "report")

    def _thread(self, target: Callable[[], None], name: str) -> None:
        def guarded() -> None:
            try:
                target()
            except StoppedError:
                return
            except Exception as error:  # noqa: BLE001 - an agent without one of its threads must not look alive
                log(f"{name} ended with {type(error).__name__}: {error}; the service manager starts the agent anew")
                _fail()

        threading.Thread(target=guarded, name=name, daemon=True).start()

    def _resume(self) -> None:
        for command_id in self._store.list(Stage.CURRENT):
            try:
                state = self._store.load(command_id, Stage.CURRENT)
            except (OSError, ValueError) as error:
                log(f"{command_id} is not taken up again: {error}")
                self._store.move(command_id, Stage.CURRENT, Stage.CORRUPT)
                continue
            too_often = state.run_count >= self._config.resume_limit
            if too_often or time.time() - state.created > _RESUME_SECONDS:
                log(f"{command_id} is not taken up again: resumed {state.run_count} times, or older than 48 hours")
                self._store.move(command_id, Stage.CURRENT, Stage.CORRUPT)
                continue
            try:
                self._store.save(state.resumed(), Stage.CURRENT)
            except OSError as error:
                log(f"{command_id}: cannot count that it is taken up again: {error}")
            log(
                f"{command_id} is taken up again"
                + (" after a reboot" if state.status is Status.SUCCESS_AND_REBOOT else "")
            )
            self._queue.put(command_id)
        for command_id in self._store.list(Stage.PENDING):
            self._queue.put(command_id)

    def _work(self) -> None:
        while True:
            command_id = self._queue.get()
            try:
                self._runner.run(command_id)
            except (OSError, ValueError, KeyError, TypeError) as error:
                # What is on disk for this command is damaged or cannot be written: others can still be run.
                log(f"{command_id} is given up: {type(error).__name__}: {error}")

    def _report(self) -> None:
        backoff = Backoff(self._stop)
        polling = False
        while True:
            try:
                self._aws.update_instance_information(self._information())
            except FAILURES as error:
                log(f"UpdateInstanceInformation: {error}")
                backoff.wait()
                continue
            backoff.reset()
            if not polling:
                log(f"{self._identity.instance_id} is registered; waiting for commands")
                self._thread(self._poll, "poll")
                polling = True
            if self._stop.wait(self._config.health_seconds):
                raise StoppedError

    def _information(self) -> dict[str, str]:
        release = _os_release()
        return {
            "InstanceId": self._identity.instance_id,
            "AgentName": AGENT_NAME,
            "AgentVersion": self._config.agent_version,
            "AgentStatus": "Active",
            "PlatformType": "Linux",
            "PlatformName": release.get("NAME", "Linux"),
            "PlatformVersion": release.get("VERSION_ID", ""),
            "IPAddress": self._identity.address,
            "ComputerName": socket.gethostname(),
            "SSMConnectionChannel": "ec2messages",
        }

    def _poll(self) -> None:
        backoff = Backoff(self._stop)
        while not self._rebooting.is_set():
            asked = time.monotonic()
            try:
                messages = self._aws.get_messages(self._identity.instance_id)
                for message in messages:
                    self._inbox.take(message)
            except FAILURES as error:
                log(f"messages: {error}")
                backoff.wait()
                continue
            backoff.reset()
            if not messages and self._stop.wait(max(0.0, _SHORTEST_POLL - (time.monotonic() - asked))):
                raise StoppedError
        log("a reboot is pending: no further commands are taken")

    def _reboot(self) -> None:
        """The genuine agent leaves a minute, so that replies get away first."""
        self._rebooting.set()
        log(f"a step asks for a reboot: {shlex.join(self._reboot_command)}")
        for command in (self._reboot_command, ["systemctl", "reboot"]):
            try:
                if subprocess.run(command, stdin=subprocess.DEVNULL, check=False, timeout=60).returncode == 0:
                    return
            except (OSError, subprocess.TimeoutExpired) as error:
                log(f"{command[0]}: {error}")
        log("this host cannot be rebooted; the command goes on when the agent is started again")


def _identity(metadata: Metadata, stop: threading.Event) -> Identity:
    """Who this host is; waits for the metadata service to answer."""
    backoff = Backoff(stop)
    while True:
        try:
            return metadata.identity()
        except FAILURES as error:
            log(f"instance metadata: {error}")
            backoff.wait()


def _os_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _fail() -> NoReturn:
    sys.stderr.flush()
    os._exit(1)
