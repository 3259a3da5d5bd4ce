"""A container in which an image is made: commands run in it, files are put in it, and the result is committed.

Only the commit outlives it. Whatever goes wrong before, the container is removed and nothing is left.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rehearsal.hosts import space
from rehearsal.hosts.archive import pack
from rehearsal.hosts.commands import tail
from rehearsal.hosts.errors import ImageError
from rehearsal.hosts.labels import labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import docker
    from docker.models.containers import Container

    from rehearsal.hosts.archive import Entry
    from rehearsal.settings import Settings

SCRATCH = "/var/tmp/rehearsal"  # noqa: S108 - inside of a container that nobody else is in
"""A folder for what commands need while an image is made; gone before the commit."""

_NEEDED = 2 * space.GIB


class Workbench:
    """One container, from a base image, on the network of the machine."""

    def __init__(self, container: Container, engine_root: str) -> None:
        self._container = container
        self._engine_root = engine_root

    def run(self, script: str, purpose: str, environment: Mapping[str, str] | None = None) -> str:
        """Run a shell script as root and return its output; it ends at the first command that fails.

        Raises ImageError with the end of the output; `purpose` completes "could not …".
        """
        code, output = self._container.exec_run(["sh", "-euc", script], environment=dict(environment or {}))
        assert isinstance(output, bytes)  # noqa: S101 - it is an iterator only when streaming was asked for
        said = output.decode(errors="replace")
        if code != 0:
            if space.ran_out(said):
                raise ImageError(f"{space.full(self._engine_root, purpose, _NEEDED)}\n{tail(said)}")
            raise ImageError(f"could not {purpose}:\n{tail(said)}")
        return said

    def put(self, entries: Mapping[str, Entry]) -> None:
        """Put files at their absolute paths, replacing what is there."""
        self._container.put_archive("/", pack(entries))

    def commit(self, image: str, command: str) -> None:
        """Keep the container's files as an image, started with `command`."""
        self._container.exec_run(["rm", "-rf", SCRATCH])
        repository, _, tag = image.partition(":")
        changes = [f'CMD ["{command}"]', "LABEL rehearsal.role=image"]
        self._container.commit(repository, tag, changes=changes, pause=False)


@contextmanager
def workbench(client: docker.DockerClient, settings: Settings, base: str) -> Iterator[Workbench]:
    """Start a container from `base`, and remove it at the end.

    Raises ImageError when the engine itself fails, with what to do when that is for want of space.
    """
    import docker.errors  # noqa: PLC0415 - heavy, see engine.connect

    engine_root = str(client.info().get("DockerRootDir", "the Docker engine"))
    container = None
    try:
        container = client.containers.run(
            base,
            ["sleep", "infinity"],
            detach=True,
            network_mode="host",
            labels=labels(settings, "workbench"),
            security_opt=["apparmor=unconfined"],
        )
        yield Workbench(container, engine_root)
    except docker.errors.DockerException as error:
        if space.ran_out(str(error)):
            raise ImageError(space.full(engine_root, "make an image", _NEEDED)) from None
        raise ImageError(f"could not make an image from {base}: {error}") from None
    finally:
        if container is not None:
            container.remove(force=True, v=True)
