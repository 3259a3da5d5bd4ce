"""A rehearsal's hosts under an inventory that the test writes itself: no cloud, real containers."""

from __future__ import annotations

import dataclasses
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal import hosts
from rehearsal.cloud.inventory import Egress, HostSpec, SecurityRule, Snapshot, Vpc
from rehearsal.hosts import engine
from rehearsal.hosts.execution import Completed, run
from rehearsal.hosts.machine import container_name
from rehearsal.settings import ImageSection, Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import docker

ROOT = Path(__file__).resolve().parents[3]
VPC = Vpc("vpc-0a0a0a0a0a0a0a0a0", "10.0.0.0/16")
EVERYWHERE = ("0.0.0.0/0",)
OUT = SecurityRule("egress", "-1", None, None, EVERYWHERE)


class Quiet:
    """Progress that nobody watches; the steps can be read afterwards."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)


def settings_for(folder: Path) -> Settings:
    """The repository's settings, so that its images are used, for a checkout that is somewhere else."""
    own = load_settings(ROOT / "rehearsal.toml")
    (folder / "source").mkdir(parents=True, exist_ok=True)
    (folder / "source" / "hello.txt").write_text("hello\n")
    outside = dataclasses.replace(
        own.outside,
        repositories=(dataclasses.replace(own.outside.repositories[0], source=folder / "source", branches=()),),
    )
    return dataclasses.replace(own, path=folder / "rehearsal.toml", outside=outside)


class WrittenInventory:
    """An inventory whose hosts the test sets."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._hosts: dict[str, HostSpec] = {}
        self._version = 1
        self.reports: list[tuple[str, str, str]] = []

    def set(self, *specs: HostSpec) -> None:
        with self._changed:
            self._hosts.update({spec.instance_id: spec for spec in specs})
            self._version += 1
            self._changed.notify_all()

    def change(self, instance_id: str, **changes: object) -> None:
        self.set(dataclasses.replace(self._hosts[instance_id], **changes))

    def state(self, instance_id: str) -> str:
        return self._hosts[instance_id].state

    def snapshot(self) -> Snapshot:
        with self._changed:
            return Snapshot(self._version, (VPC,), tuple(self._hosts.values()))

    def wait(self, after_version: int, timeout_seconds: float) -> Snapshot:
        with self._changed:
            self._changed.wait_for(lambda: self._version > after_version, timeout_seconds)
        return self.snapshot()

    def report(self, instance_id: str, state: str, detail: str = "") -> None:
        self.reports.append((instance_id, state, detail))
        now = self._hosts[instance_id].state
        settles = {
            ("pending", "running"),
            ("stopping", "stopped"),
            ("running", "stopped"),
            ("shutting-down", "terminated"),
        }
        if (now, state) in settles:
            self.change(instance_id, state=state)


class Endpoint:
    """Answers every request with the address that it came from."""

    def __init__(self, address: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.client_address[0].encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                pass

        self._server = ThreadingHTTPServer((address, 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclasses.dataclass
class Lab:
    settings: Settings
    client: docker.DockerClient
    inventory: WrittenInventory
    reconciler: hosts.Reconciler
    internet: hosts.Internet
    images: hosts.PreparedImages

    @staticmethod
    def host(instance_id: str, private_ip: str, **more: Any) -> HostSpec:
        """A host about to be launched; it may reach everything, and nobody may reach it."""
        values: dict[str, Any] = {
            "instance_id": instance_id,
            "name": instance_id,
            "state": "pending",
            "image_id": "ami-0",
            "instance_type": "t3.micro",
            "vpc_id": VPC.vpc_id,
            "subnet_id": "subnet-0",
            "private_ip": private_ip,
            "public_ip": None,
            "egress": Egress.NONE,
            "egress_ip": None,
            "rules": (OUT,),
            "volumes": (),
            "tags": {},
        }
        return HostSpec(**{**values, **more})

    @staticmethod
    def allow(port: int, *cidrs: str) -> SecurityRule:
        return SecurityRule("ingress", "tcp", port, port, cidrs or EVERYWHERE)

    @staticmethod
    def everything() -> tuple[SecurityRule, ...]:
        """Rules that let everything in and out."""
        return (OUT, dataclasses.replace(OUT, direction="ingress"))

    def spec(self, instance_id: str) -> HostSpec:
        return next(spec for spec in self.inventory.snapshot().hosts if spec.instance_id == instance_id)

    def settle(self, *specs: HostSpec) -> None:
        """Let EC2 have these hosts, and wait until the machines are what it says."""
        self.inventory.set(*specs)
        self.reconciler.wait_settled(60)

    def on(self, instance_id: str, script: str, timeout_seconds: float = 30) -> Completed:
        container = self.client.containers.get(container_name(self.settings, instance_id))
        return run(container, ["sh", "-c", script], timeout_seconds=timeout_seconds)

    def until(self, what: str, holds: Callable[[], bool], seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"{what} did not come to be; reports: {self.inventory.reports[-5:]}"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[docker.DockerClient]:
    """The engine; one that had to be started is ended with the session."""
    state_folder = tmp_path_factory.mktemp("engine")
    yield engine.ensure(state_folder, Quiet())
    engine.stop_if_ours(state_folder, Quiet())


@pytest.fixture(scope="module")
def lab(client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The outside and a reconciler without hosts; afterwards nothing of them is left."""
    settings = settings_for(tmp_path_factory.mktemp("checkout"))
    images = hosts.prepare(settings, {}, Quiet())
    endpoint = Endpoint(hosts.ENDPOINT_ADDRESS)
    try:
        inventory = WrittenInventory()
        outside = hosts.open_outside(settings, images)
        reconciler = hosts.Reconciler(inventory, settings, images, endpoint.port, outside)
        reconciler.start()
        yield Lab(settings, client, inventory, reconciler, hosts.Internet(settings, client), images)
        reconciler.stop()
    finally:
        endpoint.close()
        hosts.teardown(settings, Quiet())


@pytest.fixture(scope="module")
def pair(lab: Lab) -> Lab:
    """A public and a private host: only the first may speak to the second's port 3306."""
    lab.settle(
        lab.host(
            "i-web",
            "10.0.1.10",
            public_ip="203.0.113.5",
            egress=Egress.PUBLIC,
            rules=(OUT, lab.allow(80)),
            tags={"Role": "web"},
        ),
        lab.host(
            "i-db",
            "10.0.2.10",
            egress=Egress.NAT,
            egress_ip="203.0.113.6",
            rules=(OUT, lab.allow(3306, "10.0.1.10/32")),
        ),
    )
    for instance_id, ports in (("i-web", (80, 81)), ("i-db", (3306, 3307))):
        for port in ports:
            lab.on(
                instance_id,
                f"systemd-run -q --unit=listener-{port} python3 -m http.server {port} -d /usr/lib/rehearsal",
            )
            lab.until(
                f"{instance_id} listening on {port}",
                lambda instance_id=instance_id, port=port: (
                    lab.on(instance_id, f"curl -sf -o /dev/null http://127.0.0.1:{port}/").code == 0
                ),
            )
    return lab


@pytest.fixture
def quiet() -> Quiet:
    return Quiet()


@pytest.fixture(scope="session")
def repository_image() -> ImageSection:
    return load_settings(ROOT / "rehearsal.toml").image
