"""What an image is made of decides its name: what has not changed is not made again."""

from __future__ import annotations

import dataclasses
import errno
import io
import shutil
import subprocess
import tarfile
from collections import namedtuple
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.hosts import agent_layer, archive, recipes, space, wheels
from rehearsal.hosts.errors import ImageError, PackagesUnavailableError
from rehearsal.hosts.images import ImageBuilder
from rehearsal.settings import Suite

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Steps

    from rehearsal.settings import Settings

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - what shutil returns


def tags(settings: Settings, progress: Steps, choice: str = "first") -> tuple[str, str]:
    builder = ImageBuilder(None, settings, progress)  # type: ignore[arg-type]  # names need no engine
    base = builder._base_tag()
    return base, builder._packages_tag(base, settings.choices({"database": choice}))


def test_the_same_inputs_give_the_same_names(settings: Settings, progress: Steps) -> None:
    assert tags(settings, progress) == tags(settings, progress)


def test_requirements_and_choices_change_the_packages_and_not_the_base(settings: Settings, progress: Steps) -> None:
    base, packages = tags(settings, progress)
    other_base, other_packages = tags(settings, progress, "second")
    assert (other_base == base, other_packages == packages) == (True, False)
    settings.image.requirements[0].write_text("flask==3.1.4\n")
    assert tags(settings, progress)[0] == base
    assert tags(settings, progress)[1] != packages


def test_an_installed_package_changes_the_base(settings: Settings, progress: Steps) -> None:
    image = dataclasses.replace(settings.image, packages=("less",))
    assert tags(dataclasses.replace(settings, image=image), progress)[0] != tags(settings, progress)[0]


def test_a_missing_requirement_file_is_named(settings: Settings) -> None:
    settings.image.requirements[0].unlink()
    with pytest.raises(ImageError, match=r"requirements\.txt, which image\.requirements of .*rehearsal\.toml names"):
        wheels.requirement_files(settings)


def test_a_choice_that_cannot_be_had_falls_back_and_says_so(settings: Settings, progress: Steps) -> None:
    builder = ImageBuilder(None, settings, progress)  # type: ignore[arg-type]  # as above
    error = PackagesUnavailableError("no such package", "first")
    assert builder._fall_back({"database": "first"}, error) == {"database": "second"}
    assert progress.steps == ["database first cannot be had, taking second: no such package"]
    assert builder._fall_back({"database": "second"}, PackagesUnavailableError("nor this", "second")) is None


def test_every_recipe_is_shell() -> None:
    suite = Suite("sid", ("mysql-*",))
    for script in (
        recipes.install(["a"]),
        recipes.fill_cache(["a", "b c"]),
        recipes.fill_cache_from(suite, ["a"]),
        recipes.finish_host(),
    ):
        checked = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_packing_is_reproducible_and_keeps_modes_and_links() -> None:
    entries: dict[str, archive.Entry] = {
        "/usr/lib/x/run": archive.text("#!/bin/sh\n", 0o755),
        "/etc/link": archive.Link("/usr/lib/x/run"),
    }
    packed = archive.pack(entries)
    assert packed == archive.pack(dict(reversed(entries.items())))
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        members = {member.name: member for member in tar.getmembers()}
    assert members["usr/lib/x/run"].mode == 0o755
    assert members["etc/link"].linkname == "/usr/lib/x/run"
    assert members["usr/lib"].mode == 0o755
    assert "." not in members


def test_the_stand_in_is_put_in_with_its_unit_enabled(tmp_path: Path) -> None:
    (tmp_path / "packaging").mkdir()
    (tmp_path / "packaging" / "amazon-ssm-agent.service").write_text("[Service]\n")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_bytes(b"")
    (tmp_path / "__main__.py").write_text("")
    entries = agent_layer.agent_files({}, tmp_path)
    assert "/usr/lib/amazon-ssm-agent/rehearsal/agent/__main__.py" in entries
    assert "/usr/lib/systemd/system/amazon-ssm-agent.service" in entries
    assert not any("pyc" in name for name in entries)
    enabled = entries["/etc/systemd/system/multi-user.target.wants/amazon-ssm-agent.service"]
    assert enabled == archive.Link("/usr/lib/systemd/system/amazon-ssm-agent.service")


def test_a_package_of_the_agent_takes_the_stand_ins_place(tmp_path: Path) -> None:
    package = tmp_path / "amazon-ssm-agent.deb"
    package.write_bytes(b"package")
    assert list(agent_layer.agent_files({"AGENT_PACKAGE": str(package)}).values()) == [archive.File(b"package")]


@pytest.mark.parametrize("name", ["missing.deb", "rehearsal.toml"])
def test_a_package_that_is_none_is_named(settings: Settings, name: str) -> None:
    with pytest.raises(ImageError, match=f"AGENT_PACKAGE is .*{name}, which is not a .deb file"):
        agent_layer.agent_files({"AGENT_PACKAGE": str(settings.root / name)})


def test_a_full_disk_is_found_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10 * space.GIB, 9 * space.GIB, space.GIB))
    with pytest.raises(
        ImageError, match=r"the disk of .*/deep/er is too full to make .*about 3\.0 GiB, and has 1\.0 GiB"
    ):
        space.require(tmp_path / "deep" / "er", 3 * space.GIB, "make images")


@pytest.mark.parametrize(
    ("error", "ran_out"),
    [
        (OSError(errno.ENOSPC, "x"), True),
        (OSError(errno.EACCES, "x"), False),
        ("dpkg: error: No space left on device", True),
        ("E: You don't have enough free space in /var/cache/apt/archives/.", True),
        ("E: Unable to locate package", False),
    ],
)
def test_a_disk_that_filled_up_meanwhile_is_recognised(error: Any, ran_out: bool) -> None:
    assert space.ran_out(error) is ran_out
