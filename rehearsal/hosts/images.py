"""The images of hosts and of the outside world, each made once for the same inputs.

Four images stand on each other: base → packages (cache and wheels) → host (agent), and base → internet. Each is tagged
with a digest of all that goes into it, so that what has not changed is not made again, and a change of the agent costs
a second and not a minute.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.hosts import agent_layer, recipes, space, wheels
from rehearsal.hosts.archive import pack
from rehearsal.hosts.bootstrap import BaseBuilder
from rehearsal.hosts.errors import ImageError, PackagesUnavailableError
from rehearsal.hosts.labels import of_project
from rehearsal.hosts.sources import use_mirror
from rehearsal.hosts.workbench import workbench

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import docker

    from rehearsal.hosts.archive import Entry
    from rehearsal.hosts.progress import Progress
    from rehearsal.hosts.workbench import Workbench
    from rehearsal.settings import Choice, Settings

_NEEDED = 3 * space.GIB
_REPOSITORY = "rehearsal"
_ROLES = ("host", "packages", "internet", "base")
_KEPT = 4


@dataclass(frozen=True)
class PreparedImages:
    """The images to start from, and the variant that they were made for, which can differ from the one asked for."""

    host: str
    internet: str
    variant: Mapping[str, str]


class ImageBuilder:
    """Makes the images that the settings describe, in the engine of `client`."""

    def __init__(self, client: docker.DockerClient, settings: Settings, progress: Progress) -> None:
        self._client = client
        self._settings = settings
        self._progress = progress
        self._folder = settings.state_folder / "image"

    def build(self, variant: Mapping[str, str]) -> PreparedImages:
        """Return images for a complete variant, made where they are missing.

        Where the packages of a choice cannot be had, the option's fallback is taken and progress says so. Raises
        ImageError.
        """
        with self._alone():
            try:
                return self._build(dict(variant))
            except PackagesUnavailableError as error:
                fallen = self._fall_back(dict(variant), error)
                if fallen is None:
                    raise
                return self._build(fallen)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep a second build of this checkout out, and clear away what a killed one left."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        with (self._folder.parent / "image.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._clear()
            self._folder.mkdir()
            try:
                yield
            finally:
                self._clear()

    def _clear(self) -> None:
        remove_workbenches(self._client, self._settings)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _fall_back(self, variant: dict[str, str], error: PackagesUnavailableError) -> dict[str, str] | None:
        for name, option in self._settings.options.items():
            if option.fallback and variant[name] == error.choice != option.fallback:
                self._progress.step(f"{name} {error.choice} cannot be had, taking {option.fallback}: {error}")
                return {**variant, name: option.fallback}
        return None

    def _build(self, variant: dict[str, str]) -> PreparedImages:
        choices = self._settings.choices(variant)
        agent = agent_layer.agent_files()
        base = self._base_tag()
        packages = self._packages_tag(base, choices)
        host = _tag("host", packages, pack(agent))
        internet = _tag("internet", base, recipes.INTERNET_PACKAGES, recipes.install(recipes.INTERNET_PACKAGES))
        missing = [image for image in (base, packages, internet) if not self._exists(image)]
        if missing:
            self._require_space()
            self._make_packages(base, packages, internet, choices)
        if not self._exists(host):
            self._progress.step("Putting the agent into the host image")
            with workbench(self._client, self._settings, packages) as bench:
                agent_layer.install(bench, agent)
                bench.commit(host, recipes.BOOT)
            self._remove_old()
        return PreparedImages(host=host, internet=internet, variant=variant)

    def _make_packages(self, base: str, packages: str, internet: str, choices: tuple[Choice, ...]) -> None:
        """Make what is missing, two things at a time: most of the time goes by in downloads and in dpkg."""
        with ThreadPoolExecutor(2, thread_name_prefix="image") as pool:
            try:
                fetched = None if self._exists(packages) else pool.submit(self._fetch_wheels)
                if not self._exists(base):
                    self._make_base(base)
                jobs = []
                if not self._exists(internet):
                    jobs.append(pool.submit(self._make_internet, base, internet))
                if fetched is not None:
                    self._make_host_packages(base, packages, choices, fetched)
                for job in jobs:
                    job.result()
            except BaseException:
                # Commands that still run in a workbench end with it, so that the pool does not wait for them.
                remove_workbenches(self._client, self._settings)
                raise

    def _make_base(self, base: str) -> None:
        builder = BaseBuilder(self._client, self._settings, self._folder, self._progress)
        builder.make(base, self._base_packages())

    def _fetch_wheels(self) -> dict[str, Entry]:
        return wheels.download(self._settings, self._folder, self._progress)

    def _make_internet(self, base: str, internet: str) -> None:
        self._progress.step("Making the image of the outside world")
        with workbench(self._client, self._settings, base) as bench:
            environment = use_mirror(bench)
            bench.run(recipes.install(recipes.INTERNET_PACKAGES), "install the outside world's packages", environment)
            bench.commit(internet, "/sbin/init")

    def _make_host_packages(
        self, base: str, packages: str, choices: tuple[Choice, ...], fetched: Future[dict[str, Entry]]
    ) -> None:
        wanted = [*self._settings.image.cache, *(name for choice in choices for name in choice.cache)]
        self._progress.step(f"Filling the host image's package cache ({', '.join(wanted)})")
        with workbench(self._client, self._settings, base) as bench:
            self._check_python(bench)
            environment = use_mirror(bench)
            if self._settings.image.cache:
                fill = recipes.fill_cache(self._settings.image.cache)
                bench.run(fill, "download the packages of image.cache", environment)
            for choice in choices:
                self._fill_choice(bench, choice, environment)
            bench.put({**fetched.result(), **recipes.boot_files()})
            bench.run(recipes.finish_host(), "set up the host image's package source")
            bench.commit(packages, recipes.BOOT)

    def _fill_choice(self, bench: Workbench, choice: Choice, environment: Mapping[str, str]) -> None:
        if not choice.cache:
            return
        script = recipes.fill_cache(choice.cache)
        if choice.suite is not None:
            script = recipes.fill_cache_from(choice.suite, choice.cache)
        try:
            bench.run(script, f"download {' '.join(choice.cache)}", environment)
        except ImageError as error:
            if space.ran_out(str(error)):
                raise
            raise PackagesUnavailableError(str(error), choice.name) from None

    def _check_python(self, bench: Workbench) -> None:
        found = bench.run(
            "python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])'", "ask for the base's Python"
        ).strip()
        if found != self._settings.image.python:
            raise ImageError(
                f"the base image has Python {found}, and image.python of {self._settings.path} says "
                f'{self._settings.image.python}: set it to "{found}"'
            )

    def _base_packages(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*recipes.BASE_PACKAGES, *self._settings.image.packages)))

    def _base_tag(self) -> str:
        image = self._settings.image
        return _tag(
            "base",
            image.suite,
            image.components,
            image.base,
            self._base_packages(),
            recipes.DPKG_SETTINGS,
            recipes.APT_SETTINGS,
        )

    def _packages_tag(self, base: str, choices: tuple[Choice, ...]) -> str:
        requirements = [
            content.decode(errors="replace") for content in wheels.requirement_files(self._settings).values()
        ]
        asked = [(choice.cache, choice.suite and recipes.fill_cache_from(choice.suite, ())) for choice in choices]
        texts = (recipes.fill_cache(self._settings.image.cache), recipes.finish_host(), pack(recipes.boot_files()))
        return _tag("packages", base, self._settings.image.python, requirements, asked, *texts)

    def _exists(self, image: str) -> bool:
        return bool(self._client.images.list(name=image))

    def _remove_old(self) -> None:
        """Keep the newest few of each image: other checkouts and variants share them. Those in use stay anyway."""
        import docker.errors  # noqa: PLC0415 - heavy, see engine.connect

        for role in _ROLES:
            images = self._client.images.list(name=f"{_REPOSITORY}/{role}")
            for image in sorted(images, key=lambda image: str(image.attrs["Created"]), reverse=True)[_KEPT:]:
                for tag in image.tags:
                    try:
                        self._client.images.remove(tag)
                    except docker.errors.APIError:
                        continue
        self._client.images.prune(filters={"dangling": True, "label": "rehearsal.role=image"})

    def _require_space(self) -> None:
        engine_root = Path(str(self._client.info().get("DockerRootDir", "/var/lib/docker")))
        for folder in (engine_root, self._folder):
            space.require(folder, _NEEDED, "make the images")


def remove_workbenches(client: docker.DockerClient, settings: Settings) -> None:
    """Remove the containers in which this checkout was making images."""
    import docker.errors  # noqa: PLC0415 - heavy, see engine.connect

    for container in client.containers.list(all=True, filters=of_project(settings, "workbench")):
        try:
            container.remove(force=True, v=True)
        except docker.errors.NotFound:
            continue


def _tag(role: str, *inputs: object) -> str:
    """Name an image by its role and a digest of what goes into it."""
    text = json.dumps([value.hex() if isinstance(value, bytes) else value for value in inputs], sort_keys=True)
    return f"{_REPOSITORY}/{role}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
