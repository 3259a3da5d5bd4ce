"""The outside world: one container that is router, certificate authority, git server, and where the clients are."""

from __future__ import annotations

import io
import json
import tarfile
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.hosts import addresses, execution, repositories
from rehearsal.hosts.archive import File, pack, text
from rehearsal.hosts.engine import connect
from rehearsal.hosts.errors import HostsError
from rehearsal.hosts.labels import MADE_OF, labels, of_project
from rehearsal.hosts.networks import OUTSIDE, network_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import docker
    from docker.models.containers import Container

    from rehearsal.hosts.archive import Entry
    from rehearsal.hosts.authority import Authority
    from rehearsal.hosts.execution import Completed, Conversation, Running
    from rehearsal.settings import Settings

ACME_PORT = 14000
ACME_ROOT = "/etc/rehearsal/acme-root.pem"
"""In the container: the certificate that the ACME server's certificates go back to. It is a new one at each start."""
CA = "/etc/rehearsal/ca.pem"
"""In the container: the certificate that the servers of the outside go back to."""

_HOME = "/etc/rehearsal"
_PUBLIC = "/etc/rehearsal/public-authorities.pem"
_GIT = "/srv/git"
_SERVER = "/usr/lib/rehearsal/outside_server.py"
_MANAGEMENT_PORT = 15000
_READY_WITHIN = 30.0
_DAY = 86400


class Internet:
    """Runs commands where the application's clients are: `rehearsal.scenarios.outside.Outside`."""

    def __init__(self, settings: Settings, client: docker.DockerClient | None = None) -> None:
        self._settings = settings
        self._client = client

    def run(self, argv: Sequence[str], *, stdin: str | None = None, timeout_seconds: float = 60) -> Completed:
        """Run a command to its end. Raises TimeoutError, and HostsError when the outside does not run."""
        return execution.run(self._container(), argv, stdin=stdin, timeout_seconds=timeout_seconds)

    def start(self, argv: Sequence[str]) -> Running:
        """Start a command and return at once. Raises HostsError when the outside does not run."""
        return execution.Running(self._container(), argv)

    def converse(self, argv: Sequence[str]) -> Conversation:
        """Start a command that is talked to. Raises HostsError when the outside does not run."""
        return execution.Conversation(self._container(), argv)

    def publish(self) -> None:
        """Refresh the repositories from their sources as they are now. Raises HostsError."""
        publish_repositories(self._container(), self._settings)

    def _container(self) -> Container:
        import docker.errors  # noqa: PLC0415 - heavy, see engine.connect

        if self._client is None:
            self._client = connect()
        try:
            return self._client.containers.get(container_name(self._settings))
        except docker.errors.NotFound:
            raise HostsError("the outside does not run: start the rehearsal first (`./rehearse up`)") from None


def container_name(settings: Settings) -> str:
    """Return the name of the outside's container."""
    return f"{settings.project}-internet"


def start_internet(client: docker.DockerClient, settings: Settings, image: str, authority: Authority) -> Container:
    """Start the outside on its network, and return when its servers answer.

    One that runs already, made of the same, is taken over: its ACME server is what hosts have their certificates from.

    Raises HostsError when they do not answer.
    """
    made_of = _digest(image, settings, authority)
    container = _running(client, settings, made_of)
    if container is None:
        container = _create(client, settings, image, made_of)
        container.put_archive("/", pack(_files(settings, authority)))
        container.start()
    wait_until_ready(container)
    return container


def _running(client: docker.DockerClient, settings: Settings, made_of: str) -> Container | None:
    """The outside that an earlier process has left running; any other container in its place is removed."""
    found = None
    for container in client.containers.list(all=True, filters=of_project(settings, "internet")):
        if container.status == "running" and container.labels.get(MADE_OF) == made_of:
            found = container
        else:
            container.remove(force=True, v=True)
    return found


def _create(client: docker.DockerClient, settings: Settings, image: str, made_of: str) -> Container:
    from docker.types import EndpointConfig, LogConfig  # noqa: PLC0415 - heavy, see engine.connect

    network = network_name(settings, OUTSIDE)
    endpoint = EndpointConfig(client.api.api_version, ipv4_address=str(addresses.INTERNET))
    identity = f"{_HOME}/server.pem", f"{_HOME}/server.key"
    return client.containers.create(
        image,
        [
            "python3",
            _SERVER,
            _GIT,
            str(addresses.INTERNET),
            *identity,
            "--",
            "pebble",
            "-config",
            f"{_HOME}/pebble.json",
        ],
        name=container_name(settings),
        hostname="internet",
        labels=labels(settings, "internet", made_of=made_of),
        network=network,
        networking_config={network: endpoint},
        cap_add=["NET_ADMIN"],
        security_opt=["apparmor=unconfined"],
        sysctls={"net.ipv4.ip_forward": "1", "net.ipv4.conf.all.send_redirects": "0"},
        # A rehearsal is a quick succession of what takes months elsewhere: no random pauses, no random failures.
        environment={"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"},
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 5},
        log_config=LogConfig(type="json-file", config={"max-size": "10m", "max-file": "1"}),
        init=True,
    )


def publish_repositories(container: Container, settings: Settings) -> None:
    """Put the repositories into the container as their sources are now."""
    folder = settings.state_folder / "git"
    for repository in settings.outside.repositories:
        bare = repositories.publish(repository, folder)
        container.put_archive("/", _tar(bare, f"{_GIT.removeprefix('/')}/{bare.name}"))


def acme_root(container: Container) -> bytes:
    """Return the certificate that the ACME server's certificates go back to."""
    return execution.run(container, ["cat", ACME_ROOT]).stdout.encode()


def _files(settings: Settings, authority: Authority) -> dict[str, Entry]:
    identity = authority.issue((settings.outside.acme_host, settings.outside.git_host))
    return {
        f"{_HOME}/server.pem": File(identity.certificate),
        f"{_HOME}/server.key": File(identity.key, 0o600),
        CA: File(authority.pem),
        f"{_HOME}/pebble.json": text(_pebble_settings()),
        _SERVER: File(_server_program(), 0o755),
        f"{_GIT}/README": text("Repositories of this rehearsal.\n"),
    }


def _digest(image: str, settings: Settings, authority: Authority) -> str:
    """Name all that the outside is made of, apart from its repositories, which are published into it as they change."""
    names = f"{image} {settings.outside.acme_host} {settings.outside.git_host} {_pebble_settings()}"
    return sha256(names.encode() + authority.pem + _server_program()).hexdigest()


def _server_program() -> bytes:
    return (Path(__file__).parent / "outside_server.py").read_bytes()


def _pebble_settings() -> str:
    pebble = {
        "pebble": {
            "listenAddress": f"{addresses.INTERNET}:{ACME_PORT}",
            "managementListenAddress": f"127.0.0.1:{_MANAGEMENT_PORT}",
            "certificate": f"{_HOME}/server.pem",
            "privateKey": f"{_HOME}/server.key",
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            "profiles": {
                "classic": {"description": "90 days", "validityPeriod": 90 * _DAY},
                "shortlived": {"description": "6 days", "validityPeriod": 6 * _DAY},
            },
        }
    }
    return json.dumps(pebble, indent=2)


def wait_until_ready(container: Container) -> None:
    """Fetch the ACME root into its file as soon as the server gives it: then all servers of the outside answer.

    Raises HostsError with what the container said when they do not.
    """
    fetch = ["curl", "--silent", "--show-error", "--fail", "--insecure", "--max-time", "2", "--output", ACME_ROOT]
    deadline = time.monotonic() + _READY_WITHIN
    while True:
        # Its certificate names the outside's host, not the loopback address where the management port is.
        answer = execution.run(container, [*fetch, f"https://127.0.0.1:{_MANAGEMENT_PORT}/roots/0"], timeout_seconds=5)
        if answer.code == 0:
            break
        if time.monotonic() > deadline:
            said = container.logs(tail=20).decode(errors="replace")
            raise HostsError(f"the ACME server of the outside does not answer: {answer.stderr.strip()}\n{said}")
        time.sleep(0.1)
    trusted = "/etc/ssl/certs/ca-certificates.crt"
    trust = f"[ -e {_PUBLIC} ] || cp {trusted} {_PUBLIC}; cat {_PUBLIC} {CA} {ACME_ROOT} > {trusted}"
    execution.run(container, ["sh", "-c", trust])


def _tar(folder: Path, name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(folder, arcname=name)
    return buffer.getvalue()
