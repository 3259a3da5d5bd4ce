"""Where packages come from: the mirror and the download settings of the machine's own package manager."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.hosts.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OS_RELEASE = Path("/etc/os-release")
_APT_FOLDER = Path("/etc/apt")
_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

# How apt fetches, without what only holds on this machine (files, helper programs, authentication).
_KEPT = re.compile(r"Acquire::(Check-Valid-Until|Check-Date|Retries|https?::Proxy(::.+)?|https?::Timeout|ForceIPv4) ")


@dataclass(frozen=True)
class Reach:
    """How this machine fetches packages, for containers to do the same."""

    settings: tuple[str, ...]
    """Lines of apt.conf."""
    ca_bundle: Path | None
    environment: Mapping[str, str]
    """Proxy variables for commands in containers; never stored in an image, since they can hold passwords."""


def reach_of_machine() -> Reach:
    """Return how this machine fetches packages."""
    return Reach(
        settings=tuple(_apt_settings()),
        ca_bundle=_CA_BUNDLE if _CA_BUNDLE.exists() else None,
        environment={name: os.environ[name] for name in _PROXIES if name in os.environ},
    )


def archive_of_machine(configured: str | None = None) -> str:
    """Return the URL of the archive that this machine's own package sources name, or `configured`.

    Raises ImageError on a machine that is no Debian, when nothing is configured.
    """
    return configured or _own_archive()


def _own_archive(os_release: Path = _OS_RELEASE, folder: Path = _APT_FOLDER) -> str:
    release = _read_os_release(os_release)
    if release.get("ID") == "debian":
        for url, suite, components in _sources(folder):
            if suite == release.get("VERSION_CODENAME") and "main" in components:
                return url
    raise ImageError(
        f"no Debian archive is named in {folder} of this machine ({release.get('PRETTY_NAME', 'unknown system')}), "
        "so no base can be bootstrapped. Set `image.mirror` (the URL of a Debian archive) or `image.base` (a registry "
        'image such as "debian:13") in rehearsal.toml.'
    )


def _read_os_release(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text(encoding="utf-8").splitlines())
    return {key: value.strip().strip("\"'") for key, _, value in pairs}


def _sources(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (URL, suite, components) of every package source, in both of apt's formats."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    for file in files:
        if file.suffix == ".list" and file.is_file():
            yield from _one_line_sources(file.read_text(encoding="utf-8", errors="replace"))
        elif file.suffix == ".sources" and file.is_file():
            yield from _deb822_sources(file.read_text(encoding="utf-8", errors="replace"))


def _one_line_sources(text: str) -> Iterator[tuple[str, str, list[str]]]:
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if match:
            yield match[1].rstrip("/"), match[2], match[3].split()


def _deb822_sources(text: str) -> Iterator[tuple[str, str, list[str]]]:
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields[key] = f"{fields.get(key, '')} {line.strip()}"
            else:
                name, _, value = line.partition(":")
                key = name.strip().lower()
                fields[key] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
            continue
        for url in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield url.rstrip("/"), suite, fields.get("components", "").split()


def _apt_settings() -> Iterator[str]:
    """Yield how this machine's apt fetches; nothing where there is no apt."""
    try:
        dumped = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return
    yield from (line for line in dumped.splitlines() if _KEPT.match(line))
