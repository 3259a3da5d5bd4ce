"""The process itself: composes the cloud and its hosts, says when they answer, and ends both on a signal."""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.cloud import Cloud, CloudSettings
from rehearsal.daemon.functions import functions_outside
from rehearsal.daemon.state import LOCAL, State, process_started
from rehearsal.hosts import ENDPOINT_ADDRESS, HostsError, PreparedImages, Reconciler, open_outside
from rehearsal.settings import load_settings

if TYPE_CHECKING:
    from rehearsal.settings import Settings

log = logging.getLogger("rehearsal.daemon")


class Starter:
    """The pipe to whoever started this process. It is closed with the one message that ends the start."""

    def __init__(self, descriptor: int) -> None:
        self._pipe = os.fdopen(descriptor, "w", encoding="utf-8")

    def note(self, text: str) -> None:
        self._say({"note": text})

    def ready(self) -> None:
        self._say({"ready": True})
        self._pipe.close()

    def failed(self, text: str) -> None:
        self._say({"failed": text})
        self._pipe.close()

    def _say(self, message: dict[str, object]) -> None:
        self._pipe.write(json.dumps(message) + "\n")
        self._pipe.flush()


def main(argv: list[str]) -> int:
    """Run until SIGTERM or SIGINT.

    `argv`: the path of rehearsal.toml, the images as JSON, how long a tick lasts in seconds, the pipe's number.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    path, images, tick_seconds, descriptor = argv
    starter = Starter(int(descriptor))
    ending = _end_on_signals()
    try:
        with ExitStack() as running:
            _start(load_settings(Path(path)), PreparedImages(**json.loads(images)), float(tick_seconds), running)
            starter.ready()
            log.info("ready")
            ending.wait()
            log.info("ending")
    except BrokenPipeError:
        return 1  # nobody waits for this cloud any more: `up` was killed
    except (HostsError, OSError) as error:
        log.exception("the cloud cannot be started")
        starter.failed(str(error))
        return 1
    return 0


def _start(settings: Settings, images: PreparedImages, tick_seconds: float, running: ExitStack) -> None:
    """Start everything, and note in `running` how to end it. The state file comes first, so that `down` finds us."""
    port = settings.cloud.port
    # One that takes up where an earlier process ended keeps the keys: shells have them in their environment.
    former = State.read(settings.state_folder)
    state = State(
        project=settings.project,
        pid=os.getpid(),
        process_started=process_started(os.getpid()) or 0,
        endpoint=f"http://{LOCAL}:{port}",
        region=settings.cloud.region,
        account_id=settings.cloud.account_id,
        access_key_id=former.access_key_id if former else f"REHEARSAL{secrets.token_hex(5).upper()}",
        secret_access_key=former.secret_access_key if former else secrets.token_urlsafe(30),
        variant=dict(images.variant),
        tick_seconds=tick_seconds,
    )
    state.write(settings.state_folder)
    cloud = Cloud(
        CloudSettings(
            account_id=settings.cloud.account_id,
            region=settings.cloud.region,
            listen=((LOCAL, port), (ENDPOINT_ADDRESS, port)),
            state_folder=settings.state_folder,
            tick_seconds=tick_seconds,
        ),
        runner=functions_outside(settings, port),
    )
    cloud.start()
    running.callback(cloud.stop)
    with ThreadPoolExecutor(1, "outside") as beside:
        outside = beside.submit(open_outside, settings, images)  # the engine's and git's work, while moto loads
        inventory = cloud.inventory
    reconciler = Reconciler(inventory, settings, images, port, outside.result())
    reconciler.start()
    running.callback(reconciler.stop)


def _end_on_signals() -> threading.Event:
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ending.set())
    return ending
