"""Takes down what a rehearsal of this checkout has made in the engine, whatever state it is in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from rehearsal.hosts import networks
from rehearsal.hosts.engine import connect, stop_if_ours
from rehearsal.hosts.errors import EngineError
from rehearsal.hosts.labels import of_project
from rehearsal.hosts.volumes import Volumes

if TYPE_CHECKING:
    from docker.models.containers import Container

    from rehearsal.hosts.progress import Progress
    from rehearsal.settings import Settings

_AT_ONCE = 8


def teardown(settings: Settings, progress: Progress) -> None:
    """Remove this checkout's containers, networks and volumes; end the engine when the rehearsal had started it.

    Only what carries the checkout's label is touched. Images stay, so that the next start is quick. Nothing to remove
    is no error, nor is an engine that does not run: then nothing of ours runs in it. Raises HostsError when a volume
    resists.
    """
    try:
        client = connect()
    except EngineError:
        Volumes(settings.state_folder).remove_all()
        return
    containers = client.containers.list(all=True, filters=of_project(settings))
    if containers:
        progress.step(f"Removing {_counted(len(containers), 'container')}")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(_remove, containers))
    for network in client.networks.list(filters=of_project(settings, "network")):
        networks.remove(network)
    removed = Volumes(settings.state_folder).remove_all()
    if removed:
        progress.step(f"Removed {_counted(removed, 'volume')}")
    stop_if_ours(settings.state_folder, progress)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _remove(container: Container) -> None:
    import docker.errors  # noqa: PLC0415 - heavy, see engine.connect

    try:
        container.remove(force=True, v=True)
    except docker.errors.NotFound:
        return
