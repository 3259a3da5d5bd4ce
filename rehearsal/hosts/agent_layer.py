"""The agent in the image: the rehearsal's stand-in, or the genuine one where its package is given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.hosts.archive import File, Link, folder
from rehearsal.hosts.errors import ImageError
from rehearsal.hosts.workbench import SCRATCH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.hosts.archive import Entry
    from rehearsal.hosts.workbench import Workbench

PACKAGE_VARIABLE = "AGENT_PACKAGE"
"""Environment variable that names a .deb of the genuine agent, to be installed in place of the stand-in."""

_STAND_IN = Path(__file__).resolve().parents[1] / "agent"
_HOME = "/usr/lib/amazon-ssm-agent"
_UNIT = "amazon-ssm-agent.service"
_UNIT_FOLDER = "/usr/lib/systemd/system"
_ENABLED = f"/etc/systemd/system/multi-user.target.wants/{_UNIT}"
_PACKAGE = f"{SCRATCH}/agent.deb"


def agent_files(environment: Mapping[str, str] | None = None, stand_in: Path = _STAND_IN) -> dict[str, Entry]:
    """Return what to put into the image, by place. Raises ImageError when the agent is not where it is said to be."""
    package = (os.environ if environment is None else environment).get(PACKAGE_VARIABLE)
    if package:
        path = Path(package)
        if not path.is_file() or path.suffix != ".deb":
            raise ImageError(f"{PACKAGE_VARIABLE} is {package}, which is not a .deb file")
        return {_PACKAGE: File(path.read_bytes())}
    unit = stand_in / "packaging" / _UNIT
    if not unit.is_file():
        raise ImageError(f"the agent's unit {unit} does not exist: this installation of the rehearsal is incomplete")
    entries = folder(stand_in, f"{_HOME}/rehearsal/agent")
    entries[f"{_UNIT_FOLDER}/{_UNIT}"] = File(unit.read_bytes())
    entries[_ENABLED] = Link(f"{_UNIT_FOLDER}/{_UNIT}")
    return entries


def install(bench: Workbench, entries: Mapping[str, Entry]) -> None:
    """Install what `agent_files` returned. Raises ImageError when the genuine package does not install."""
    bench.put(entries)
    if _PACKAGE in entries:
        bench.run(f"dpkg --install {_PACKAGE}", f"install the package that {PACKAGE_VARIABLE} names")
        bench.run(f"systemctl enable {_UNIT}", f"enable {_UNIT}, which the agent's package should hold")
