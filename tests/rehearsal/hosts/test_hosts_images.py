"""Making images, and what is left when that goes wrong, on a real engine."""

from __future__ import annotations

import dataclasses
import subprocess
from typing import TYPE_CHECKING

import pytest

from rehearsal.hosts.engine import connect
from rehearsal.hosts.errors import ImageError, PackagesUnavailableError
from rehearsal.hosts.images import ImageBuilder
from rehearsal.hosts.workbench import workbench
from rehearsal.settings import Choice, ImageSection, Option, Settings, load_settings

if TYPE_CHECKING:
    from pathlib import Path

    import docker
    from conftest import Quiet

NOWHERE = Choice("wanted", cache=("a-package-that-no-archive-has",))
NOTHING = Choice("plain")


@pytest.fixture(scope="module")
def client() -> docker.DockerClient:
    return connect()


@pytest.fixture
def small(tmp_path: Path, repository_image: ImageSection) -> Settings:
    """A checkout that uses this repository's base image, with nothing in its cache."""
    (tmp_path / "rehearsal.toml").write_text('name = "small"\n')
    image = dataclasses.replace(repository_image, cache=(), requirements=())
    return dataclasses.replace(load_settings(tmp_path / "rehearsal.toml"), image=image)


def workbenches(client: docker.DockerClient, settings: Settings) -> list[object]:
    mark = [f"rehearsal.project={settings.project}", "rehearsal.role=workbench"]
    return list(client.containers.list(all=True, filters={"label": mark}))


def tags(client: docker.DockerClient) -> set[str]:
    return {tag for image in client.images.list() for tag in image.tags}


def test_packages_that_cannot_be_had_lead_to_the_fallback(
    client: docker.DockerClient, small: Settings, quiet: Quiet
) -> None:
    option = Option("database", "wanted", {"wanted": NOWHERE, "plain": NOTHING}, fallback="plain")
    settings = dataclasses.replace(small, options={"database": option})
    images = ImageBuilder(client, settings, quiet).build({"database": "wanted"})
    assert images.variant == {"database": "plain"}
    assert any("taking plain" in step and "a-package-that-no-archive-has" in step for step in quiet.steps)
    assert {images.host, images.internet} <= tags(client)


def test_without_a_fallback_the_package_is_named_and_nothing_is_left(
    client: docker.DockerClient, small: Settings, quiet: Quiet
) -> None:
    settings = dataclasses.replace(small, options={"database": Option("database", "wanted", {"wanted": NOWHERE})})
    before = tags(client)
    with pytest.raises(PackagesUnavailableError, match="a-package-that-no-archive-has"):
        ImageBuilder(client, settings, quiet).build({"database": "wanted"})
    assert tags(client) == before
    assert workbenches(client, settings) == []
    assert not (settings.state_folder / "image").exists()


def test_a_full_disk_is_named_and_nothing_is_left(client: docker.DockerClient, small: Settings, quiet: Quiet) -> None:
    image = dataclasses.replace(small.image, packages=(*small.image.packages, "tree"))
    settings = dataclasses.replace(small, image=image)
    settings.state_folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(settings.state_folder)], check=True)
    before = tags(client)
    try:
        with pytest.raises(ImageError, match=r"the disk of .*/build/rehearsal/image is too full to make the images"):
            ImageBuilder(client, settings, quiet).build({})
        assert tags(client) == before
        assert [path.name for path in settings.state_folder.iterdir()] == ["image.lock"]
    finally:
        subprocess.run(["umount", str(settings.state_folder)], check=True)


def test_a_disk_that_fills_up_while_an_image_is_made_is_named(
    client: docker.DockerClient, small: Settings, quiet: Quiet
) -> None:
    """/dev/full is a device that answers as a full disk does."""
    base = ImageBuilder(client, small, quiet)._base_tag()
    with (
        pytest.raises(ImageError, match=r"is too full to write a file: that needs about .* GiB"),
        workbench(client, small, base) as bench,
    ):
        bench.run("cat /etc/hosts > /dev/full", "write a file")
    assert workbenches(client, small) == []


def test_what_a_killed_build_left_is_cleared_by_the_next(
    client: docker.DockerClient, small: Settings, quiet: Quiet
) -> None:
    images = ImageBuilder(client, small, quiet).build({})
    quiet.steps.clear()
    labels = {"rehearsal.project": small.project, "rehearsal.role": "workbench"}
    client.containers.run(images.internet, ["sleep", "600"], detach=True, labels=labels)
    (small.state_folder / "image" / "half").mkdir(parents=True)
    assert ImageBuilder(client, small, quiet).build({}) == images
    assert quiet.steps == [], "nothing is made again"
    assert workbenches(client, small) == []
    assert not (small.state_folder / "image").exists()
