"""Volumes' backing files and their loop devices, with losetup's part played."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rehearsal.cloud.inventory import Volume
from rehearsal.hosts import volumes as volumes_module
from rehearsal.hosts.commands import CommandError
from rehearsal.hosts.errors import HostsError
from rehearsal.hosts.space import GIB
from rehearsal.hosts.volumes import Volumes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VOLUME = Volume("vol-0123456789abcdef0", "/dev/xvdf", 20)


class Losetup:
    """Keeps loop devices as the kernel does."""

    def __init__(self) -> None:
        self.loops: dict[str, str] = {"/dev/loop0": "/somebody/elses.img"}
        self.resized: list[str] = []

    def run(self, argv: Sequence[str], **_: object) -> str:
        if argv[1] == "--list":
            devices = [{"name": name, "back-file": file} for name, file in self.loops.items()]
            return json.dumps({"loopdevices": devices})
        if argv[1] == "--find":
            name = f"/dev/loop{len(self.loops)}"
            self.loops[name] = argv[-1]
            return f"{name}\n"
        if argv[1] == "--set-capacity":
            self.resized.append(argv[-1])
        if argv[1] == "--detach":
            del self.loops[argv[-1]]
        return ""


@pytest.fixture
def losetup(monkeypatch: pytest.MonkeyPatch) -> Losetup:
    fake = Losetup()
    monkeypatch.setattr(volumes_module, "run", fake.run)
    return fake


@pytest.mark.usefixtures("losetup")
def test_a_volume_takes_no_room_until_it_is_written_to(tmp_path: Path) -> None:
    Volumes(tmp_path).attach([VOLUME])
    file = tmp_path / "volumes" / "vol-0123456789abcdef0.img"
    assert file.stat().st_size == 20 * GIB
    assert file.stat().st_blocks == 0


def test_a_volume_keeps_its_device_and_grows(tmp_path: Path, losetup: Losetup) -> None:
    volumes = Volumes(tmp_path)
    (first,) = volumes.attach([VOLUME])
    (again,) = volumes.attach([Volume(VOLUME.volume_id, "/dev/xvdg", 21)])
    assert (first.loop, first.minor, again.loop) == ("/dev/loop1", 1, "/dev/loop1")
    assert again.device == "/dev/xvdg"
    assert losetup.resized == ["/dev/loop1"]
    assert (tmp_path / "volumes" / f"{VOLUME.volume_id}.img").stat().st_size == 21 * GIB


def test_only_our_own_volumes_are_removed(tmp_path: Path, losetup: Losetup) -> None:
    volumes = Volumes(tmp_path)
    volumes.attach([VOLUME])
    assert volumes.remove_all() == 1
    assert losetup.loops == {"/dev/loop0": "/somebody/elses.img"}
    assert not (tmp_path / "volumes").exists()
    assert volumes.remove_all() == 0


def test_a_device_whose_file_was_deleted_is_still_ours(tmp_path: Path, losetup: Losetup) -> None:
    volumes = Volumes(tmp_path)
    volumes.attach([VOLUME])
    losetup.loops["/dev/loop1"] += " (deleted)"
    volumes.remove_all()
    assert "/dev/loop1" not in losetup.loops


@pytest.mark.usefixtures("losetup")
@pytest.mark.parametrize("volume_id", ["../../etc/passwd", "vol-", "vol-0123456789abcdef0/x"])
def test_an_id_that_is_none_never_becomes_a_path(tmp_path: Path, volume_id: str) -> None:
    with pytest.raises(HostsError, match="is no volume id"):
        Volumes(tmp_path).attach([Volume(volume_id, "/dev/xvdf", 1)])
    assert not (tmp_path / "volumes").exists()


def test_who_may_not_make_loop_devices_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(argv: Sequence[str], **_: object) -> str:
        raise CommandError(argv, 1, "losetup: cannot find an unused loop device: Permission denied")

    monkeypatch.setattr(volumes_module, "run", refuse)
    with pytest.raises(HostsError, match=r"Permission denied[\s\S]*Run the rehearsal as root"):
        Volumes(tmp_path).attach([VOLUME])
