"""Makes the engine agree with EC2's inventory: containers, networks, volumes, firewalls, names."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from rehearsal.hosts import machine
from rehearsal.hosts.engine import connect
from rehearsal.hosts.errors import HostsError
from rehearsal.hosts.host import Host, World
from rehearsal.hosts.labels import INSTANCE, of_project
from rehearsal.hosts.router import Router
from rehearsal.hosts.volumes import Volumes

if TYPE_CHECKING:
    import docker

    from rehearsal.cloud.inventory import HostSpec, Inventory, Snapshot
    from rehearsal.hosts.images import PreparedImages
    from rehearsal.hosts.outside import OpenOutside
    from rehearsal.settings import Settings

log = logging.getLogger(__name__)

_LOOK_EVERY = 1.0
"""How often containers are looked at when EC2 has nothing new: a host can power off or reboot by itself."""
_LOOK_WHILE_BUSY = 0.1
_AT_ONCE = 8
_RETRY_AFTER = 5.0


class Reconciler:
    """Runs the hosts of one rehearsal, with `outside` around them.

    `endpoint_port` is the port of `addresses.ENDPOINT` where the cloud's endpoint answers, for IMDS and for agents;
    that address exists once `prepare` has returned. One reconciler at a time for a checkout.
    """

    def __init__(
        self, inventory: Inventory, settings: Settings, images: PreparedImages, endpoint_port: int, outside: OpenOutside
    ) -> None:
        self._inventory = inventory
        self._settings = settings
        self._images = images
        self._endpoint_port = endpoint_port
        self._outside = outside
        self._hosts: dict[str, Host] = {}
        self._jobs: dict[str, Future[None]] = {}
        self._failures: dict[str, tuple[str, float]] = {}
        self._ending = threading.Event()
        self._settled = threading.Condition()
        self._settled_version = 0
        self._thread: threading.Thread | None = None
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="host")

    def start(self) -> None:
        """Take over hosts that are there already, and begin to reconcile."""
        client = connect()
        _remove_leftovers(client, self._settings, {host.instance_id for host in self._inventory.snapshot().hosts})
        router = Router(client, self._settings, self._outside.container, self._endpoint_port)
        world = World(
            client=client,
            settings=self._settings,
            inventory=self._inventory,
            volumes=Volumes(self._settings.state_folder),
            around=machine.Surroundings(self._images.host, self._outside.authorities),
            endpoint_port=self._endpoint_port,
        )
        self._thread = threading.Thread(target=self._loop, args=(world, router), name="reconciler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End reconciling once the steps under way are done. Hosts keep running: `teardown` removes them."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def wait_settled(self, timeout_seconds: float) -> Snapshot:
        """Return the inventory's snapshot once all hosts are as it says. Raises TimeoutError saying why not."""
        deadline = time.monotonic() + timeout_seconds
        with self._settled:
            while True:
                snapshot = self._inventory.snapshot()
                if self._settled_version >= snapshot.version:
                    return snapshot
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise TimeoutError(f"hosts did not settle within {timeout_seconds:g} s{self._why_not()}")
                self._settled.wait(min(remaining, _LOOK_EVERY))

    def console(self, instance_id: str) -> str:
        """Return what an instance has written to its console. Raises HostsError when it has no machine."""
        host = self._hosts.get(instance_id)
        container = host.container() if host else None
        if container is None:
            raise HostsError(f"{instance_id} has no machine")
        return machine.console(container)

    def _why_not(self) -> str:
        failures = "; ".join(f"{instance_id}: {problem}" for instance_id, (problem, _) in self._failures.items())
        return f": {failures}" if failures else ""

    def _loop(self, world: World, router: Router) -> None:
        version = 0
        while not self._ending.is_set():
            try:
                busy = any(not job.done() for job in self._jobs.values())
                snapshot = self._inventory.wait(version, _LOOK_WHILE_BUSY if busy else _LOOK_EVERY)
                version = snapshot.version
                self._pass(world, router, snapshot)
            except Exception:
                log.exception("a pass over the hosts failed; the next one tries again")
                self._ending.wait(_LOOK_EVERY)

    def _pass(self, world: World, router: Router, snapshot: Snapshot) -> None:
        """Begin what there is to do for each host; when nothing is left, the snapshot has settled."""
        router.follow(snapshot)
        self._jobs = {key: job for key, job in self._jobs.items() if not job.done()}
        statuses = _container_statuses(world.client, self._settings)
        is_calm = not self._jobs
        for spec in snapshot.hosts:
            host = self._hosts.setdefault(spec.instance_id, Host(spec.instance_id, world))
            if spec.instance_id in self._jobs or not host.is_due(spec, snapshot, statuses.get(spec.instance_id)):
                continue
            is_calm = False
            if self._may_try(spec.instance_id):
                self._jobs[spec.instance_id] = self._pool.submit(self._agree, host, spec, snapshot)
        if is_calm:
            with self._settled:
                self._settled_version = snapshot.version
                self._settled.notify_all()

    def _agree(self, host: Host, spec: HostSpec, snapshot: Snapshot) -> None:
        try:
            host.agree(spec, snapshot)
        except Exception as error:
            log.exception("%s (%s) is not as EC2 says", spec.instance_id, spec.name)
            self._failures[spec.instance_id] = (str(error), time.monotonic())
            self._inventory.report(spec.instance_id, "impaired", str(error))
        else:
            self._failures.pop(spec.instance_id, None)
            log.info("%s (%s): %s is done", spec.instance_id, spec.name, spec.state)

    def _may_try(self, instance_id: str) -> bool:
        _, failed_at = self._failures.get(instance_id, ("", 0.0))
        return time.monotonic() - failed_at >= _RETRY_AFTER


def _remove_leftovers(client: docker.DockerClient, settings: Settings, known: set[str]) -> None:
    """Remove what a rehearsal that was killed has left: hosts that EC2 knows nothing of."""
    for container in client.containers.list(all=True, filters=of_project(settings, "host")):
        if container.labels.get(INSTANCE) not in known:
            container.remove(force=True, v=True)


def _container_statuses(client: docker.DockerClient, settings: Settings) -> dict[str, str]:
    """Return the status (`running`, `exited`, …) of every host's container by instance id, in one call."""
    listed = client.api.containers(all=True, filters=of_project(settings, "host"))
    return {container["Labels"][INSTANCE]: str(container["State"]) for container in listed}
