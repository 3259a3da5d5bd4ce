"""Making images, and what is left when that goes wrong, on a real engine."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from rehearsal.hosts.bootstrap import BaseBuilder
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


@pytest.fixture
def small(client: docker.DockerClient, tmp_path: Path, repository_image: ImageSection, quiet: Quiet) -> Settings:
    """A checkout that uses this repository's base image, with nothing in its cache; its images are made."""
    (tmp_path / "rehearsal.toml").write_text('name = "small"\n')
    image = dataclasses.replace(repository_image, cache=(), requirements=())
    settings = dataclasses.replace(load_settings(tmp_path / "rehearsal.toml"), image=image)
    ImageBuilder(client, settings, quiet).build({})
    quiet.steps.clear()
    return settings


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
    (settings.state_folder / "image.lock").unlink()
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
    labels = {"rehearsal.project": small.project, "rehearsal.role": "workbench"}
    client.containers.run(images.internet, ["sleep", "600"], detach=True, labels=labels)
    (small.state_folder / "image" / "half").mkdir(parents=True)
    assert ImageBuilder(client, small, quiet).build({}) == images
    assert quiet.steps == [], "nothing is made again"
    assert workbenches(client, small) == []
    assert not (small.state_folder / "image").exists()


def test_a_registry_image_that_is_there_is_the_base(
    client: docker.DockerClient, small: Settings, quiet: Quiet, tmp_path: Path
) -> None:
    """An image of this engine stands for one that a registry gave."""
    reference = ImageBuilder(client, small, quiet)._base_tag()
    settings = dataclasses.replace(small, image=dataclasses.replace(small.image, base=reference))
    made = f"rehearsal-test/{tmp_path.name}:base".lower()
    BaseBuilder(client, settings, tmp_path, quiet).make(made, ["tree"])
    try:
        assert quiet.steps == [f"Pulling {reference}", f"Installing the base's packages on {reference}"]
        assert b"/usr/bin/tree" in client.containers.run(made, ["which", "tree"], remove=True)
    finally:
        client.images.remove(made)


def test_a_registry_that_cannot_be_reached_is_given_up(
    client: docker.DockerClient, small: Settings, quiet: Quiet
) -> None:
    """Port 9 of the loopback interface: nobody listens there, so the engine is refused at once."""
    problem = BaseBuilder(client, small, small.state_folder, quiet)._pull("127.0.0.1:9/debian:13")
    assert problem is not None
    assert "127.0.0.1:9" in problem


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no dpkg-deb here to make a package with")
def test_a_package_of_the_agent_is_installed_in_the_stand_ins_place(
    client: docker.DockerClient, small: Settings, quiet: Quiet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "package"
    unit = tree / "usr" / "lib" / "systemd" / "system" / "amazon-ssm-agent.service"
    for path, text in (
        (tree / "DEBIAN" / "control", CONTROL),
        (unit, "[Service]\nExecStart=/usr/bin/amazon-ssm-agent\n[Install]\nWantedBy=multi-user.target\n"),
        (tree / "usr" / "bin" / "amazon-ssm-agent", "#!/bin/sh\nexec sleep infinity\n"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tree / "usr" / "bin" / "amazon-ssm-agent").chmod(0o755)
    package = tmp_path / "amazon-ssm-agent.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", str(tree), str(package)], check=True)
    stand_in = ImageBuilder(client, small, quiet).build({}).host
    monkeypatch.setenv("AGENT_PACKAGE", str(package))
    genuine = ImageBuilder(client, small, quiet).build({}).host
    assert genuine != stand_in
    look = "cat /usr/bin/amazon-ssm-agent; systemctl is-enabled amazon-ssm-agent; ls /usr/lib/amazon-ssm-agent 2>&1 ||:"
    said = client.containers.run(genuine, ["sh", "-c", look], remove=True).decode()
    assert "sleep infinity" in said
    assert "enabled" in said
    assert "No such file" in said, "nothing of the stand-in is in the image"


CONTROL = """Package: amazon-ssm-agent
Version: 3.3.9999.0
Architecture: all
Maintainer: nobody <nobody@example.test>
Description: stands for the genuine agent's package
"""
