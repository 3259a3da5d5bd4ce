"""One host over its life: what EC2 asks of it, compared with its container, and what follows from the difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rehearsal.hosts import addresses, machine, names, settling
from rehearsal.hosts.errors import HostsError

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

    from rehearsal.cloud.inventory import HostSpec, Inventory, SecurityRule, Snapshot, Volume
    from rehearsal.hosts.machine import Surroundings
    from rehearsal.hosts.volumes import Volumes
    from rehearsal.settings import Settings

_TRANSITIONS = frozenset({"pending", "stopping", "shutting-down"})
_POWERED_OFF = 130
"""Exit code of a container whose init system powered off (the kernel sends SIGINT); after a reboot it is 129."""


@dataclass(frozen=True)
class World:
    """What hosts of one rehearsal share."""

    client: docker.DockerClient
    settings: Settings
    inventory: Inventory
    volumes: Volumes
    around: Surroundings
    endpoint_port: int


@dataclass(frozen=True)
class Wanted:
    """All that a host's machine depends on: when this is the same as before, there is nothing to do."""

    state: Literal["up", "down", "gone"]
    boot: int
    way_out: tuple[str, str | None]
    rules: tuple[SecurityRule, ...]
    volumes: tuple[Volume, ...]
    names: str


class Host:
    """A host's machine. `agree` is called by one thread at a time; `is_due` by the thread that decides."""

    def __init__(self, instance_id: str, world: World) -> None:
        self._instance_id = instance_id
        self._world = world
        self._agreed: Wanted | None = None
        self._boot: int | None = None
        self._was_up = False

    def is_due(self, spec: HostSpec, snapshot: Snapshot, status: str | None) -> bool:
        """Say whether there is something to do, given the status of the host's container (None: there is none)."""
        wanted = self._wanted(spec, snapshot)
        is_so = {"up": status == "running", "down": status != "running", "gone": status is None}[wanted.state]
        return spec.state in _TRANSITIONS or not is_so or wanted != self._agreed

    def agree(self, spec: HostSpec, snapshot: Snapshot) -> None:
        """Make the machine what EC2 says and report it. Raises HostsError, or an error of the engine."""
        wanted = self._wanted(spec, snapshot)
        container = self.container()
        if wanted.state == "gone":
            if container is not None:
                container.remove(force=True, v=True)
            self._report("terminated")
        elif wanted.state == "down":
            if container is not None and container.status == "running":
                machine.shut_down(container)
            self._report("stopped")
        elif container is not None and self._powered_itself_off(spec, container):
            self._was_up = False
            self._report("stopped")
            return
        else:
            settle = self._settle_script(spec, wanted, snapshot)
            self._bring_up(spec, settle, container)
            self._report("running")
        self._was_up = wanted.state == "up"
        self._agreed = wanted

    def container(self) -> Container | None:
        """Return the host's container, if there is one."""
        import docker.errors  # noqa: PLC0415 - heavy, see engine.connect

        try:
            return self._world.client.containers.get(machine.container_name(self._world.settings, self._instance_id))
        except docker.errors.NotFound:
            return None

    def _bring_up(self, spec: HostSpec, settle: str, container: Container | None) -> None:
        if container is None:
            container = machine.create(self._world.client, self._world.settings, spec, self._world.around, settle)
            container.start()
        else:
            self._change(container, spec, settle)
        self._boot = spec.boot
        machine.wait_until_up(container)

    def _change(self, container: Container, spec: HostSpec, settle: str) -> None:
        """Start, reboot or settle a container that is there."""
        if self._agreed is None:
            # Found, not made by us: it trusts the outside of then, which is not the one of now.
            machine.trust(container, self._world.around.trusted)
        if container.status != "running":
            machine.put_settle(container, settle)
            container.start()
        elif self._boot is not None and spec.boot > self._boot:
            machine.put_settle(container, settle)
            machine.shut_down(container)
            container.start()
        else:
            machine.settle_now(container, settle)

    def _settle_script(self, spec: HostSpec, wanted: Wanted, snapshot: Snapshot) -> str:
        cidr = next((vpc.cidr for vpc in snapshot.vpcs if vpc.vpc_id == spec.vpc_id), None)
        if cidr is None:
            raise HostsError(f"{spec.instance_id} is in {spec.vpc_id or 'no VPC'}, which EC2 does not list")
        attached = self._world.volumes.attach(spec.volumes)
        return settling.script(spec, addresses.of_vpc(cidr), wanted.names, attached, self._world.endpoint_port)

    def _powered_itself_off(self, spec: HostSpec, container: Container) -> bool:
        if spec.state != "running" or container.status != "exited" or not self._was_up:
            return False
        return int(container.attrs["State"]["ExitCode"]) == _POWERED_OFF

    def _wanted(self, spec: HostSpec, snapshot: Snapshot) -> Wanted:
        state: Literal["up", "down", "gone"] = "up"
        if spec.state in {"stopping", "stopped"}:
            state = "down"
        elif spec.state in {"shutting-down", "terminated"}:
            state = "gone"
        if state != "up":
            return Wanted(state, 0, ("NONE", None), (), (), "")
        return Wanted(
            state=state,
            boot=spec.boot,
            way_out=(spec.egress, spec.egress_ip),
            rules=spec.rules,
            volumes=spec.volumes,
            names=names.of_host(snapshot, self._world.settings, spec),
        )

    def _report(self, state: Literal["running", "stopped", "terminated"]) -> None:
        self._world.inventory.report(self._instance_id, state)
