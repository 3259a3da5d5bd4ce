"""The wheels that hosts install without a network: downloaded by this machine's pip, for the image's Python."""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING

from rehearsal.hosts import recipes, space
from rehearsal.hosts.archive import File
from rehearsal.hosts.commands import CommandError, run
from rehearsal.hosts.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsal.hosts.archive import Entry
    from rehearsal.hosts.progress import Progress
    from rehearsal.settings import Settings

# pip takes wheels only of the platforms that it is told, and knows no "this one or an older one".
_GLIBC_MINORS = (5, 12, 17, *range(24, 42))
_NEEDED = space.GIB // 4


def requirement_files(settings: Settings) -> dict[Path, bytes]:
    """Return the requirement files with their contents. Raises ImageError naming one that cannot be read."""
    found = {}
    for path in settings.image.requirements:
        try:
            found[path] = path.read_bytes()
        except OSError as error:
            raise ImageError(
                f"{path}, which image.requirements of {settings.path} names, cannot be read: {error}"
            ) from None
    return found


def download(settings: Settings, folder: Path, progress: Progress) -> dict[str, Entry]:
    """Return the wheels that the requirement files ask for, by their place in the image. Works in `folder`.

    Raises ImageError when one cannot be had as a wheel.
    """
    files = requirement_files(settings)
    if not files:
        return {}
    named = ", ".join(os.path.relpath(path, settings.root) for path in files)
    progress.step(f"Downloading Python packages for {named}")
    space.require(folder, _NEEDED, "download Python packages")
    target = folder / "wheels"
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", str(target)]
    argv += ["--only-binary=:all:", "--implementation=cp", f"--python-version={settings.image.python}"]
    machine = platform.machine()
    argv += [f"--platform=manylinux_2_{minor}_{machine}" for minor in reversed(_GLIBC_MINORS)]
    argv += [f"--platform=manylinux2014_{machine}"]
    for path in files:  # one by one, since they may want different versions of the same package
        try:
            run([*argv, "--requirement", str(path)], timeout_seconds=600, environment={"TMPDIR": str(folder)})
        except CommandError as error:
            if space.ran_out(error.output):
                raise ImageError(space.full(str(folder), "download Python packages", _NEEDED)) from None
            raise ImageError(
                f"the Python packages of {path} cannot be downloaded for Python {settings.image.python}: {error}"
            ) from None
    return {f"{recipes.WHEELS}/{wheel.name}": File(wheel.read_bytes()) for wheel in sorted(target.glob("*.whl"))}
