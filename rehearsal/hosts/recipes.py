"""What goes into images: package lists and the shell that sets an image up. The texts are part of an image's digest."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rehearsal.hosts.archive import text
from rehearsal.hosts.workbench import SCRATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rehearsal.hosts.archive import Entry
    from rehearsal.settings import Suite

BOOT = "/usr/lib/rehearsal/boot"
"""PID 1 of a host until its network is as it should be; then systemd takes its place."""
SETTLE = "/usr/lib/rehearsal/settle"
"""The script, one for each host, that brings network, names and devices to what EC2 says."""

APT_CACHE = "/var/cache/rehearsal/apt"
WHEELS = "/var/cache/rehearsal/wheels"

# An AMI's ground: an init system, the network tools that the rehearsal itself uses, and what the agent runs on.
BASE_PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "ca-certificates", "iproute2", "nftables", "python3", "sudo", "kmod",
)  # fmt: skip

# The outside world: a certificate authority, what load and probes are made with, and what functions run with.
INTERNET_PACKAGES = (
    "pebble",
    "git",
    "python3-aiohttp",
    "python3-boto3",
    "python3",
    "curl",
    "openssl",
    "nftables",
    "iproute2",
    "ca-certificates",
)

# Rehearsals are many and short: a lost image is built again, so dpkg need not wait for the disk. Nobody reads manuals
# in one.
DPKG_SETTINGS = (
    "force-unsafe-io",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/locale/*",
)

APT_SETTINGS = ('APT::Install-Recommends "false";', 'Acquire::Languages "none";', 'APT::Get::Assume-Yes "true";')


def install(packages: Sequence[str]) -> str:
    """Install packages from the base image's own sources."""
    return f"{_environment()}\napt-get -q update\napt-get -q install {_words(packages)}\n{_clean()}"


def fill_cache(packages: Sequence[str]) -> str:
    """Download packages, with all that they depend on, into the image's own package source."""
    return (
        f"{_environment()}\nmkdir -p {APT_CACHE}/partial\napt-get -q update\n"
        f"apt-get -q install --download-only -o Dir::Cache::archives={APT_CACHE} {_words(packages)}"
    )


def fill_cache_from(suite: Suite, packages: Sequence[str]) -> str:
    """Download packages from a further suite of the archive that the image's sources name.

    The suite is pinned below the image's own, so that it gives what is asked for and what that needs, and nothing else.
    """
    pins = [f"Package: *\nPin: release n={suite.name}\nPin-Priority: 100\n"]
    pins += [f"Package: {glob}\nPin: release n={suite.name}\nPin-Priority: 900\n" for glob in suite.prefer]
    source = "/etc/apt/sources.list.d/rehearsal-suite.list"
    return f"""{_environment()}
mkdir -p {APT_CACHE}/partial
apt-get -q update
archive="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)"
echo "deb $archive {suite.name} {" ".join(suite.components)}" > {source}
printf '%s\\n' {shlex.quote(chr(10).join(pins))} > /etc/apt/preferences.d/rehearsal-suite
apt-get -q update
apt-get -q install --download-only -o Dir::Cache::archives={APT_CACHE} -t {suite.name} {_words(packages)}
rm {source} /etc/apt/preferences.d/rehearsal-suite"""


def finish_host() -> str:
    """Make the cache the only package source, and the image one that many hosts can start from."""
    return f"""{_environment()}
mkdir -p {APT_CACHE} && cd {APT_CACHE}
rm -rf partial lock
: > Packages
for package in *.deb; do
    [ -e "$package" ] || continue
    dpkg-deb --field "$package" >> Packages
    printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' "$package" "$(stat -c %s "$package")" \\
        "$(sha256sum "$package" | cut -d ' ' -f 1)" >> Packages
done
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d /var/lib/apt/lists
rm -f /etc/apt/apt.conf.d/docker-* /etc/apt/apt.conf.d/99mmdebstrap /usr/sbin/policy-rc.d
mkdir -p /etc/apt/sources.list.d /var/lib/apt/lists/partial
echo 'deb [trusted=yes] file:{APT_CACHE} ./' > /etc/apt/sources.list.d/rehearsal.list
echo 'Acquire::Languages "none";' > /etc/apt/apt.conf.d/rehearsal
unset APT_CONFIG
apt-get -q update
rm -f /etc/dpkg/dpkg.cfg.d/99mmdebstrap
{set_up_dpkg()}
printf '[global]\\nno-index = true\\nfind-links = {WHEELS}\\n' > /etc/pip.conf
: > /etc/machine-id
systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer
systemctl mask --quiet console-getty.service getty@.service systemd-udevd.service systemd-firstboot.service
systemctl set-default --quiet multi-user.target"""


def boot_files() -> dict[str, Entry]:
    """What every host starts with. A host whose network cannot be set up starts cut off, never open."""
    boot = f"""#!/bin/sh
if ! {SETTLE}; then
    echo "the network could not be set up: starting without one" >&2
    ip link set dev eth0 down
fi
exec /sbin/init
"""
    return {BOOT: text(boot, 0o755)}


def set_up_dpkg() -> str:
    """Make dpkg quick in a base that comes from a registry; a bootstrapped one has these settings from the start."""
    return f"printf '%s\\n' {_words(DPKG_SETTINGS)} > /etc/dpkg/dpkg.cfg.d/rehearsal"


def _environment() -> str:
    return f"export DEBIAN_FRONTEND=noninteractive APT_CONFIG={SCRATCH}/apt.conf"


def _clean() -> str:
    return "rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb"


def _words(packages: Sequence[str]) -> str:
    return " ".join(shlex.quote(package) for package in packages)
