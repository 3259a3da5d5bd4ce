"""EBS volumes as loop devices over sparse files in the state folder.

A volume's data lives as long as the rehearsal: detached from one host and attached to another it is the same.
"""

from __future__ import annotations

import json
import os
import re
import threading
from typing import TYPE_CHECKING

from rehearsal.hosts.commands import CommandError, run
from rehearsal.hosts.errors import HostsError
from rehearsal.hosts.settling import AttachedVolume
from rehearsal.hosts.space import GIB

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rehearsal.cloud.inventory import Volume

_WITHIN = 30.0
_ID = re.compile(r"vol-[0-9a-f]{8,32}")


class Volumes:
    """The backing files of one rehearsal's volumes."""

    def __init__(self, state_folder: Path) -> None:
        self._folder = state_folder / "volumes"
        self._attaching = threading.Lock()

    def attach(self, volumes: Iterable[Volume]) -> tuple[AttachedVolume, ...]:
        """Return each volume with its loop device, made where it is missing; a volume that grew grows here too.

        Raises HostsError where this user may not make loop devices.
        """
        with self._attaching:
            known = self._loops()
            return tuple(self._attach(volume, known) for volume in volumes)

    def remove_all(self) -> int:
        """Detach and delete every volume, and return how many there were."""
        with self._attaching:
            for loop in self._loops().values():
                self._losetup("--detach", loop)
            files = list(self._folder.glob("vol-*.img"))
            for file in files:
                file.unlink()
            if self._folder.exists():
                self._folder.rmdir()
            return len(files)

    def _attach(self, volume: Volume, known: dict[Path, str]) -> AttachedVolume:
        if not _ID.fullmatch(volume.volume_id):
            raise HostsError(f"{volume.volume_id!r} is no volume id")
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{volume.volume_id}.img"
        size = volume.size_gib * GIB
        grew = file.exists() and file.stat().st_size < size
        if not file.exists() or grew:
            with file.open("ab") as backing:
                backing.truncate(size)
        loop = known.get(file)
        if loop is None:
            loop = self._losetup("--find", "--show", str(file)).strip()
        elif grew:
            self._losetup("--set-capacity", loop)
        return AttachedVolume(volume_id=volume.volume_id, device=volume.device, loop=loop)

    def _loops(self) -> dict[Path, str]:
        """Return the loop device of each backing file that has one."""
        if not self._folder.exists():
            return {}
        listed = self._losetup("--list", "--json", "--output", "NAME,BACK-FILE")
        devices = json.loads(listed)["loopdevices"] if listed.strip() else []
        ours = self._folder.resolve()
        found = {}
        for device in devices:
            name = str(device["back-file"]).removesuffix(" (deleted)")
            if os.path.dirname(name) == str(ours):  # noqa: PTH120 - the kernel's text, not a path to look up
                found[self._folder / os.path.basename(name)] = str(device["name"])  # noqa: PTH119
        return found

    def _losetup(self, *arguments: str) -> str:
        try:
            return run(["losetup", *arguments], timeout_seconds=_WITHIN)
        except (CommandError, FileNotFoundError) as error:
            raise HostsError(
                f"volumes are loop devices, and this user cannot make them here: {error}\n"
                "Run the rehearsal as root on the machine that runs the Docker engine."
            ) from None
