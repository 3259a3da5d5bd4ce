"""One host: a container with an init system, in the part of one EC2 instance."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.hosts import addresses, execution, recipes
from rehearsal.hosts.archive import File, pack, text
from rehearsal.hosts.errors import HostsError
from rehearsal.hosts.labels import labels
from rehearsal.hosts.networks import network_name

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

    from rehearsal.cloud.inventory import HostSpec
    from rehearsal.hosts.archive import Entry
    from rehearsal.settings import Settings

_AWS_CONFIG = "/etc/rehearsal/aws-config"
_CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_CA_SOURCE = "/usr/local/share/ca-certificates/rehearsal.crt"
_SHUT_DOWN_WITHIN = 60
_BOOTED_WITHIN = 90.0
_LOOP_DEVICES = "b 7:* rwm"


@dataclass(frozen=True)
class Surroundings:
    """What every host of a rehearsal is given when it is made."""

    image: str
    trusted: bytes
    """Certificates (PEM) that hosts trust beside those of their distribution."""


def container_name(settings: Settings, instance_id: str) -> str:
    """Return the name of a host's container."""
    return f"{settings.project}-{instance_id}"


def create(
    client: docker.DockerClient, settings: Settings, host: HostSpec, around: Surroundings, settle: str
) -> Container:
    """Make a host's container without starting it; `settle` is the script of `settling.script`."""
    from docker.types import EndpointConfig, LogConfig  # noqa: PLC0415 - heavy, see engine.connect

    network = network_name(settings, host.vpc_id)
    endpoint = EndpointConfig(client.api.api_version, ipv4_address=host.private_ip)
    container = client.containers.create(
        around.image,
        name=container_name(settings, host.instance_id),
        hostname=addresses.host_name(host.private_ip),
        labels=labels(settings, "host", instance=host.instance_id),
        network=network,
        networking_config={network: endpoint},
        # What systemd needs as PID 1 without --privileged. SYS_BOOT lets the host say whether it reboots or powers off;
        # in a PID namespace of its own that ends the container and touches nothing else.
        cap_add=["SYS_ADMIN", "NET_ADMIN", "SYS_BOOT"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        cgroupns="host",
        volumes={"/sys/fs/cgroup": {"bind": "/sys/fs/cgroup", "mode": "rw"}},
        tmpfs={"/run": "exec,mode=755", "/run/lock": "mode=1777"},
        device_cgroup_rules=[_LOOP_DEVICES],  # volumes come and go while the host runs
        environment={"container": "docker"},  # how systemd knows that it is in one
        stop_signal="SIGRTMIN+3",  # what systemd as PID 1 takes for "shut down"
        tty=True,  # gives systemd the console that `docker logs` keeps
        log_config=LogConfig(type="json-file", config={"max-size": "10m", "max-file": "1"}),
    )
    container.put_archive("/", pack(_files(settings, host)))
    trust(container, around.trusted)
    put_settle(container, settle)
    return container


def trust(container: Container, certificates: bytes) -> None:
    """Add certificates (PEM) to those that a host trusts; what it trusts already is not added again."""
    bundle = _read(container, _CA_BUNDLE)
    entries: dict[str, Entry] = {_CA_SOURCE: File(certificates)}
    if certificates not in bundle:
        # As update-ca-certificates would write it; running that takes longer than the rest of the boot.
        entries[_CA_BUNDLE] = File(bundle + certificates)
    container.put_archive("/", pack(entries))


def put_settle(container: Container, settle: str) -> None:
    """Replace the script that the host runs at its next boot."""
    container.put_archive("/", pack({recipes.SETTLE: text(settle, 0o755)}))


def settle_now(container: Container, settle: str) -> None:
    """Bring a running host to what the script says. Raises HostsError with what stood in the way."""
    put_settle(container, settle)
    done = execution.run(container, ["sh", recipes.SETTLE], timeout_seconds=20)
    if done.code != 0:
        raise HostsError(f"the network of {container.name} could not be set up: {done.stderr.strip()}")


def wait_until_up(container: Container) -> None:
    """Return when the init system has reached basic.target. Raises HostsError with the end of the console otherwise."""
    deadline = time.monotonic() + _BOOTED_WITHIN
    while True:
        code, _ = container.exec_run(["systemctl", "is-active", "--quiet", "basic.target"])
        if code == 0:
            return
        container.reload()
        if container.status != "running" or time.monotonic() > deadline:
            raise HostsError(f"{container.name} did not boot; its console ends with:\n{console(container, lines=15)}")
        time.sleep(0.1)


def shut_down(container: Container) -> None:
    """Shut a host down as its operating system does it, by force after a minute."""
    container.stop(timeout=_SHUT_DOWN_WITHIN)


def console(container: Container, lines: int | None = None) -> str:
    """Return what the host has written to its console since it was made."""
    return container.logs(tail="all" if lines is None else lines).decode(errors="replace").replace("\r\n", "\n")


def _files(settings: Settings, host: HostSpec) -> dict[str, Entry]:
    endpoint = f"http://{addresses.ENDPOINT}:{addresses.ENDPOINT_PORT_ON_HOSTS}"
    agent = {
        "Profile": {"ShareCreds": True},
        "Agent": {"Region": settings.cloud.region},
        "Ssm": {"Endpoint": endpoint},
        "Mds": {"Endpoint": endpoint},
        # The agent insists on TLS here, so this fails at once, and it stays with MDS.
        "Mgs": {"Endpoint": endpoint.replace("http:", "https:")},
    }
    variables = {
        "AWS_CONFIG_FILE": _AWS_CONFIG,
        # Python packages from an index carry certificates of their own, and would not trust this rehearsal's.
        "REQUESTS_CA_BUNDLE": _CA_BUNDLE,
        "SSL_CERT_FILE": _CA_BUNDLE,
    }
    defaults = " ".join(f'"{name}={value}"' for name, value in variables.items())
    return {
        "/etc/machine-id": text(hashlib.sha256(host.instance_id.encode()).hexdigest()[:32] + "\n"),
        "/etc/systemd/system.conf.d/rehearsal.conf": text(f"[Manager]\nDefaultEnvironment={defaults}\n"),
        _AWS_CONFIG: text(f"[default]\nendpoint_url = {endpoint}\nca_bundle = {_CA_BUNDLE}\n"),
        "/etc/amazon/ssm/amazon-ssm-agent.json": text(json.dumps(agent, indent=2) + "\n"),
    }


def _read(container: Container, path: str) -> bytes:
    chunks, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        file = tar.extractfile(tar.getmembers()[0])
        return file.read() if file else b""
