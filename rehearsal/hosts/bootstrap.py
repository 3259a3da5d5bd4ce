"""The base of all images: a plain distribution, from a registry or bootstrapped from the machine's package archive."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

from rehearsal.hosts import recipes, space
from rehearsal.hosts.commands import CommandError, run
from rehearsal.hosts.engine import install_packages
from rehearsal.hosts.errors import EngineError, ImageError
from rehearsal.hosts.mirror import archive_of_machine, reach_of_machine
from rehearsal.hosts.sources import use_mirror
from rehearsal.hosts.workbench import workbench

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import docker

    from rehearsal.hosts.progress import Progress
    from rehearsal.settings import Settings

_PULL_WITHIN = 90.0
_BOOTSTRAP_WITHIN = 900.0
_NEEDED = space.GIB
_INIT = "/sbin/init"


class BaseBuilder:
    """Makes the base image, working in `folder`."""

    def __init__(self, client: docker.DockerClient, settings: Settings, folder: Path, progress: Progress) -> None:
        self._client = client
        self._settings = settings
        self._folder = folder
        self._progress = progress

    def make(self, image: str, packages: Sequence[str]) -> None:
        """Make the base image with `packages` in it.

        The registry image that the settings name is used where it can be had; otherwise the base is bootstrapped.
        Raises ImageError when neither can be done.
        """
        reference = self._settings.image.base
        if reference is not None:
            self._progress.step(f"Pulling {reference}")
            problem = self._pull(reference)
            if problem is None:
                self._from_registry(reference, image, packages)
                return
            self._progress.step(f"{reference} cannot be pulled ({problem}): bootstrapping instead")
        self._bootstrap(image, packages)

    def _pull(self, reference: str) -> str | None:
        """Pull an image unless it is there, and return what stood in the way."""
        import docker.errors  # noqa: PLC0415 - heavy, see engine.connect

        problems: list[str] = []

        def pull() -> None:
            try:
                self._client.images.get(reference)
            except docker.errors.ImageNotFound:
                try:
                    self._client.images.pull(reference)
                except docker.errors.DockerException as error:
                    problems.append(str(error))

        # Without a network the engine tries for minutes, and a pull cannot be called off: leave it to its thread.
        thread = threading.Thread(target=pull, name=f"pull {reference}", daemon=True)
        thread.start()
        thread.join(_PULL_WITHIN)
        if thread.is_alive():
            return f"not there after {_PULL_WITHIN:.0f} s"
        return problems[0] if problems else None

    def _from_registry(self, reference: str, image: str, packages: Sequence[str]) -> None:
        self._progress.step(f"Installing the base's packages on {reference}")
        with workbench(self._client, self._settings, reference) as bench:
            bench.run(recipes.set_up_dpkg(), "set up dpkg")
            environment = use_mirror(bench)
            bench.run(recipes.install(packages), f"install {' '.join(packages)}", environment)
            bench.commit(image, _INIT)

    def _bootstrap(self, image: str, packages: Sequence[str]) -> None:
        import docker.errors  # noqa: PLC0415 - heavy, see engine.connect

        suite = self._settings.image.suite
        archive_url = archive_of_machine(self._settings.image.mirror)
        self._ensure_mmdebstrap()
        self._progress.step(f"Bootstrapping {suite} with {len(packages)} packages")
        space.require(self._folder, _NEEDED, f"bootstrap {suite}")
        tarball = self._folder / "base.tar"
        argv = ["mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}"]
        argv += [f"--aptopt={line}" for line in (*reach_of_machine().settings, *recipes.APT_SETTINGS)]
        argv += [f"--dpkgopt={line}" for line in recipes.DPKG_SETTINGS]
        argv += [suite, str(tarball), f"deb {archive_url} {suite} {' '.join(self._settings.image.components)}"]
        try:
            run(argv, timeout_seconds=_BOOTSTRAP_WITHIN, environment={"TMPDIR": str(self._folder)})
            self._import(tarball, image)
        except CommandError as error:
            if space.ran_out(error.output):
                raise ImageError(space.full(str(self._folder), f"bootstrap {suite}", _NEEDED)) from None
            raise ImageError(f"could not bootstrap {suite}: {error}") from None
        except docker.errors.DockerException as error:
            if space.ran_out(str(error)):
                engine_root = str(self._client.info().get("DockerRootDir", "the Docker engine"))
                raise ImageError(space.full(engine_root, f"hold {suite}", _NEEDED)) from None
            raise ImageError(f"the engine did not take the bootstrapped {suite}: {error}") from None
        finally:
            tarball.unlink(missing_ok=True)

    def _import(self, tarball: Path, image: str) -> None:
        repository, _, tag = image.partition(":")
        changes = [f'CMD ["{_INIT}"]', "LABEL rehearsal.role=image"]
        self._client.api.import_image_from_file(str(tarball), repository=repository, tag=tag, changes=changes)

    def _ensure_mmdebstrap(self) -> None:
        if shutil.which("mmdebstrap") is None:
            try:
                install_packages(["mmdebstrap"], self._progress)
            except EngineError as error:
                raise ImageError(f"the base image cannot be bootstrapped: {error}") from None
