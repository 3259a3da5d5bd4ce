"""Package sources of the machine, in both of apt's formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rehearsal.hosts import mirror
from rehearsal.hosts.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path

DEB822 = """# a comment
Types: deb deb-src
URIs: http://archive.example.test/security/
Suites: bookworm-security
Components: main

Types: deb
URIs:
 http://archive.example.test/debian/
Suites: bookworm
 bookworm-updates
Components: main contrib
"""


def machine(folder: Path, sources: dict[str, str], release: str = "ID=debian\nVERSION_CODENAME=bookworm\n") -> str:
    (folder / "apt" / "sources.list.d").mkdir(parents=True)
    for name, text in sources.items():
        (folder / "apt" / name).write_text(text)
    (folder / "os-release").write_text(release)
    return mirror._own_archive(folder / "os-release", folder / "apt")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sources.list", "deb http://archive.example.test/debian bookworm main\n"),
        ("sources.list", "#deb x bookworm main\n deb [a=b] http://archive.example.test/debian/ bookworm main # x"),
        ("sources.list.d/debian.list", "deb http://archive.example.test/debian bookworm non-free main"),
        ("sources.list.d/debian.sources", DEB822),
    ],
)  # fmt: skip
def test_the_archive_of_the_machines_own_suite_is_found(tmp_path: Path, name: str, text: str) -> None:
    assert machine(tmp_path, {name: text}) == "http://archive.example.test/debian"


@pytest.mark.parametrize(
    "sources",
    [
        {},
        {"sources.list.d/debian.sources": DEB822.replace("Types: deb\n", "Types: deb\nEnabled: no\n")},
        {"sources.list.d/other.list": "deb http://vendor.example.test/apt stable main"},
        {"sources.list.d/debian.sources.disabled": DEB822},
    ],
)
def test_a_machine_whose_sources_name_no_archive_is_told_what_to_set(tmp_path: Path, sources: dict[str, str]) -> None:
    with pytest.raises(ImageError, match=r"image\.mirror.*image\.base"):
        machine(tmp_path, sources)


def test_the_archive_of_another_distribution_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="Ubuntu 24"):
        machine(
            tmp_path,
            {"sources.list": "deb http://archive.example.test/ubuntu noble main"},
            'ID=ubuntu\nVERSION_CODENAME=noble\nPRETTY_NAME="Ubuntu 24.04"\n',
        )


def test_a_configured_mirror_needs_no_sources() -> None:
    assert mirror.archive_of_machine("http://mirror.example.test/debian") == "http://mirror.example.test/debian"


def test_proxies_are_for_commands_and_not_for_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://user:secret@proxy.example.test:3128")
    reach = mirror.reach_of_machine()
    assert reach.environment["https_proxy"].endswith(":3128")
    assert not any("secret" in line for line in reach.settings)


def test_only_settings_that_hold_elsewhere_are_taken_along(monkeypatch: pytest.MonkeyPatch) -> None:
    dumped = """Acquire::Check-Valid-Until "false";
Acquire::https::CaInfo "/home/me/ca.pem";
Acquire::http::Proxy "http://proxy.example.test:3128";
APT::Get::Assume-Yes "true";
Dir::Cache "var/cache/apt";
"""

    class Dumped:
        stdout = dumped

    monkeypatch.setattr(mirror.subprocess, "run", lambda *_, **__: Dumped)
    assert mirror.reach_of_machine().settings == (
        'Acquire::Check-Valid-Until "false";',
        'Acquire::http::Proxy "http://proxy.example.test:3128";',
    )
