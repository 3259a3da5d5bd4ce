"""Certificates, and repositories that come of a working tree."""

from __future__ import annotations

import ssl
import stat
import subprocess
import urllib.request
from typing import TYPE_CHECKING

import pytest

from rehearsal.hosts import authority, outside_server, repositories
from rehearsal.hosts.errors import HostsError
from rehearsal.settings import Branch, Repository

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *arguments: str) -> str:
    return subprocess.check_output(["git", "-C", str(folder), *arguments], text=True).strip()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A user's checkout with a staged, an unstaged, an untracked and an ignored change."""
    folder = tmp_path / "source"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "work")
    (folder / "app.py").write_text("version = 1\n")
    (folder / "old.py").write_text("")
    (folder / ".gitignore").write_text("*.log\n")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=x", "-c", "user.email=x@example.test", "commit", "-q", "-m", "first")
    (folder / "app.py").write_text("version = 2\n")
    (folder / "new.py").write_text("")
    (folder / "x.log").write_text("")
    (folder / "staged.py").write_text("")
    git(folder, "add", "staged.py")
    return folder


def show(bare: Path, what: str) -> str:
    return git(bare, "show", what)


def test_main_is_the_working_tree_and_the_users_checkout_stays_as_it_is(source: Path, tmp_path: Path) -> None:
    before = git(source, "status", "--porcelain=v2", "--branch"), (source / ".git" / "index").read_bytes()
    bare = repositories.publish(Repository("app.git", source), tmp_path / "git")
    assert git(bare, "ls-tree", "--name-only", "main").split() == [
        ".gitignore",
        "app.py",
        "new.py",
        "old.py",
        "staged.py",
    ]
    assert show(bare, "main:app.py") == "version = 2"
    assert (git(source, "status", "--porcelain=v2", "--branch"), (source / ".git" / "index").read_bytes()) == before


def test_publishing_again_adds_a_commit_only_when_something_changed(source: Path, tmp_path: Path) -> None:
    repository = Repository("app.git", source)
    bare = repositories.publish(repository, tmp_path / "git")
    first = git(bare, "rev-parse", "main")
    repositories.publish(repository, tmp_path / "git")
    assert git(bare, "rev-parse", "main") == first
    (source / "app.py").write_text("version = 3\n")
    repositories.publish(repository, tmp_path / "git")
    assert git(bare, "rev-parse", "main~1") == first
    assert show(bare, "main:app.py") == "version = 3"


def test_a_branch_is_main_with_files_laid_over_and_taken_away(source: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "app.py").write_text("raise SystemExit\n")
    branch = Branch("broken", overlay, remove=("old.py",))
    bare = repositories.publish(Repository("app.git", source, (branch,)), tmp_path / "git")
    assert git(bare, "diff", "--name-status", "main", "broken").split() == ["M", "app.py", "D", "old.py"]
    assert git(bare, "rev-parse", "broken~1") == git(bare, "rev-parse", "main")


def test_a_branch_that_removes_what_is_not_there_is_an_error(source: Path, tmp_path: Path) -> None:
    repository = Repository("app.git", source, (Branch("broken", remove=("nowhere.py",)),))
    with pytest.raises(HostsError, match=r"nowhere\.py"):
        repositories.publish(repository, tmp_path / "git")


def test_a_branch_that_changes_nothing_has_mains_files(source: Path, tmp_path: Path) -> None:
    bare = repositories.publish(Repository("app.git", source, (Branch("same"),)), tmp_path / "git")
    assert git(bare, "rev-parse", "same^{tree}") == git(bare, "rev-parse", "main^{tree}")


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostsError, match=r"source .*/missing of repository app\.git is not a folder"):
        repositories.publish(Repository("app.git", tmp_path / "missing"), tmp_path / "git")


def test_git_clones_over_https_from_the_outsides_server(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = repositories.publish(Repository("app.git", source), tmp_path / "git")
    first = git(bare, "rev-parse", "main")
    (source / "app.py").write_text("version = 3\n")
    repositories.publish(Repository("app.git", source), tmp_path / "git")
    ours = authority.open_authority(tmp_path / "ca")
    identity = ours.issue(("localhost", "git.example.test"))
    for name, content in (("cert.pem", identity.certificate), ("key.pem", identity.key), ("ca.pem", ours.pem)):
        (tmp_path / name).write_bytes(content)
    server = outside_server.serve(
        str(tmp_path / "git"), "127.0.0.1", str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"), port=0
    )
    try:
        url = f"https://localhost:{server.server_port}"
        monkeypatch.setenv("GIT_SSL_CAINFO", str(tmp_path / "ca.pem"))
        git(tmp_path, "clone", "-q", f"{url}/app.git", "cloned")
        assert (tmp_path / "cloned" / "app.py").read_text() == "version = 3\n"
        git(tmp_path, "clone", "-q", "--depth", "1", f"{url}/app.git", "shallow")
        assert git(tmp_path / "shallow", "rev-list", "--count", "HEAD") == "1", "of two"
        git(tmp_path / "shallow", "fetch", "-q", "--depth", "1", "origin", first)
        assert git(tmp_path / "shallow", "show", "FETCH_HEAD:app.py") == "version = 2"
        with pytest.raises(subprocess.CalledProcessError):
            git(tmp_path / "cloned", "push", "-q", "origin", "main:other")
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{url}/", context=context, timeout=5)  # noqa: S310 - our own server
    finally:
        server.shutdown()
        server.server_close()


def test_the_authority_is_kept_and_its_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    first = authority.open_authority(tmp_path / "ca")
    assert authority.open_authority(tmp_path / "ca").pem == first.pem
    assert stat.S_IMODE((tmp_path / "ca" / "ca.key").stat().st_mode) == 0o600
    assert b"PRIVATE" not in first.pem


def test_two_authorities_do_not_vouch_for_each_other(tmp_path: Path) -> None:
    one, other = authority.make_authority(), authority.make_authority()
    (tmp_path / "leaf.pem").write_bytes(one.issue(("acme.example.test",)).certificate)
    for ours, code in ((one, 0), (other, 2)):
        (tmp_path / "ca.pem").write_bytes(ours.pem)
        checked = subprocess.run(
            ["openssl", "verify", "-CAfile", str(tmp_path / "ca.pem"), str(tmp_path / "leaf.pem")],
            capture_output=True,
            check=False,
        )
        assert (checked.returncode == 0) == (code == 0), checked.stdout
